"""smtpspec-bench from outside: adapters built in an empty folder from what bench/template has, right ones and wrong ones, and
documents compared.
Usage: program_test.py PROGRAM BENCH_DIR C_COMPILER CXX_COMPILER"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

PROGRAM, BENCH, CC, CXX = sys.argv[1:5]
TEMPLATE = pathlib.Path(BENCH, "template")


class Adapters(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        # Nothing of the tree but the two headers.
        for header in ("adapter.h", "adapter.hpp"):
            shutil.copy(pathlib.Path(BENCH, header), self.path)

    def build(self, compiler, source, *flags):
        library = self.path / "libmine.so"
        subprocess.run([*compiler, *flags, source, "-o", library], cwd=self.path, check=True)
        return library

    def in_c(self, *changes):
        text = (TEMPLATE / "mine.c").read_text()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        (self.path / "mine.c").write_text(text)
        return self.build([CC], "mine.c", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-shared", "-fPIC", "-I.")

    def bench(self, library, *more):
        done = subprocess.run([PROGRAM, "--adapter", library, "--only", "mine", "--only", "pegtl", "--check", "--input", "reply/mixed",
                               "--deadline", "5", *more], text=True, capture_output=True, timeout=120)
        return done.returncode, done.stdout, done.stderr

    def line(self, output):
        return next((" ".join(line.split()) for line in output.splitlines() if line.startswith("  mine")), "")

    def right(self, library):
        status, output, error = self.bench(library, "--input", "reply/mixed:random")
        self.assertEqual((status, error), (0, ""))
        self.assertEqual(self.line(output), "mine right 15 of 24")
        self.assertEqual(output.count("  mine"), 2)

    def test_the_template_in_c(self):
        self.right(self.in_c())

    def test_the_template_in_cpp(self):
        shutil.copy(TEMPLATE / "mine.cpp", self.path)
        self.right(self.build([CXX], "mine.cpp", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I."))

    @unittest.skipUnless(shutil.which("rustc"), "no rustc here")
    def test_the_template_in_rust(self):
        shutil.copy(TEMPLATE / "mine.rs", self.path)
        self.right(self.build(["rustc"], "mine.rs", "--edition", "2021", "-O", "-C", "panic=abort", "--crate-type", "cdylib"))

    def test_time_is_taken_behind_the_gate(self):
        done = subprocess.run([PROGRAM, "--adapter", self.in_c(), "--only", "mine", "--input", "reply/mixed-4k", "--repetitions", "2",
                               "--min-time", "0.001"], text=True, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(self.line(done.stdout), r"mine [\d.]+ [\d.]+ [\d.]+ [\d.]+ % 0 15 of 24")

    def test_wrong_answers_get_no_time(self):
        status, output, _ = self.bench(self.in_c(("* 100 +", "* 100 + 1 +")))
        self.assertEqual(status, 1)
        self.assertEqual(self.line(output), "mine wrong (21121 of 21121), other codes")

    def test_a_missing_reply_gets_no_time(self):
        status, output, _ = self.bench(self.in_c(("sink->on_reply(sink, &reply);", "if (reply.code != 354) sink->on_reply(sink, &reply);")))
        self.assertEqual(status, 1)
        self.assertRegex(self.line(output), r"^mine wrong \(\d+ of 21121\)$")

    def test_a_wrong_text_gets_no_time(self):
        status, output, _ = self.bench(self.in_c(("? 3 : 4;", "? 3 : 5;")))
        self.assertEqual(status, 1)
        self.assertEqual(self.line(output), "mine wrong (21121 of 21121), other texts")

    def test_a_crash_is_named_and_the_run_goes_on(self):
        status, output, _ = self.bench(self.in_c(("if (reply->line_count == MAX_LINES)", "if (reply->line_count == 3) abort();\n    if (reply->line_count == MAX_LINES)")))
        self.assertEqual(status, 1)
        self.assertEqual(self.line(output), "mine crashed (SIGABRT)")
        if "pegtl" in output:
            self.assertRegex(output, r"pegtl +right")

    def test_a_hang_is_named(self):
        status, output, _ = self.bench(self.in_c(("if (taken == 0) return (ptrdiff_t)at;", "while (taken > 0 && reply.line_count > 3) {}\n    if (taken == 0) return (ptrdiff_t)at;")))
        self.assertEqual(status, 1)
        self.assertEqual(self.line(output), "mine hung")

    def test_writing_is_named(self):
        status, output, _ = self.bench(self.in_c(("if (taken == 0) return (ptrdiff_t)at;", "if (taken == 0) return (ptrdiff_t)at;\n    ((char *)octets)[at] = 0;")))
        self.assertEqual(status, 1)
        self.assertEqual(self.line(output), "mine wrote into its octets")

    def test_an_overread_is_named(self):
        status, output, _ = self.bench(self.in_c(("memchr(line, '\\n', size - at)", "memchr(line, '\\n', size - at + 4096)")))
        self.assertEqual(status, 1)
        self.assertEqual(self.line(output), "mine read beyond its octets")

    def test_one_that_reads_before_its_octets_is_named(self):
        status, output, _ = self.bench(self.in_c(("    if (newline == NULL) return 0;", "    if (line[-1] == '!') return 0;\n    if (newline == NULL) return 0;")))
        self.assertEqual(status, 1)
        self.assertEqual(self.line(output), "mine read before its octets")

    def test_one_that_takes_more_than_there_is_is_named(self):
        status, output, _ = self.bench(self.in_c(("return (ptrdiff_t)at; /* the rest", "return (ptrdiff_t)size + 1; /* the rest")))
        self.assertEqual(status, 1)
        self.assertEqual(self.line(output), "mine took more octets than it was given")

    def test_a_list_without_an_end(self):
        status, _, error = self.bench(self.in_c(("return index == 0 ? &adapter : NULL;", "(void)index; return &adapter;")))
        self.assertEqual(status, 1)
        self.assertIn("libmine.so: gives more than 64 adapters: no NULL comes behind the last\n", error)

    def test_two_of_one_name_in_a_library(self):
        status, output, error = self.bench(self.in_c(("return index == 0 ? &adapter : NULL;", "return index < 2 ? &adapter : NULL;")))
        self.assertEqual((status, self.line(output)), (1, "mine right 15 of 24"))
        self.assertIn("libmine.so: has two adapters for reply with the name mine\n", error)

    def test_two_of_one_name_are_told_apart(self):
        library = self.in_c()
        other = library.with_name("libother.so")
        shutil.copy(library, other)
        status, output, _ = self.bench(library, "--adapter", other)
        self.assertEqual(status, 0)
        self.assertRegex(output, rf"\n  mine +right +15 of 24\n  mine \({other}\) +right +15 of 24\n")

    LATE = "static unsigned long calls;\n"  # the gate and the count of allocations take some hundred, in processes that end

    def late(self, what, *more):
        """One that is right ten thousand times."""
        library = self.in_c(("static void *create", self.LATE + "static void *create"), ("  size_t at = 0;\n  for (;;) {\n    smtpspec_reply", f"  size_t at = 0;\n  if (++calls == 10000) {what};\n  for (;;) {{\n    smtpspec_reply"))
        done = subprocess.run([PROGRAM, "--adapter", library, "--only", "mine", "--only", "smtpspec", "--input", "reply/one-line", "--input", "reply/mixed-4k",
                               "--repetitions", "2", "--min-time", "0.1", "--deadline", "2", "--report", f"json={self.path}/late.json", *more],
                              text=True, capture_output=True, timeout=120)
        rows = {row["name"]: row.get("error_message") for row in json.loads((self.path / "late.json").read_text())["benchmarks"]}
        return done.returncode, self.line(done.stdout[done.stdout.index("reply/mixed-4k"):]), rows, done.stdout

    def test_a_crash_while_time_is_taken_is_named_and_the_run_goes_on(self):
        status, line, rows, output = self.late("abort()")
        self.assertEqual((status, line), (1, "mine crashed (SIGABRT) while it was measured"))
        self.assertEqual(rows["reply/mixed-4k/mine"], "crashed (SIGABRT) while it was measured")
        self.assertRegex(output, r"\n  smtpspec +[\d.]+ +[\d.]+")

    def test_a_hang_while_time_is_taken_is_named_and_the_run_goes_on(self):
        status, line, rows, output = self.late("for (;;) {}")
        self.assertEqual((status, line), (1, "mine hung while it was measured"))
        self.assertRegex(output, r"\n  smtpspec +[\d.]+ +[\d.]+")

    def test_growth_of_one_that_fails_late(self):
        status, _, _, output = self.late("abort()", "--growth")
        self.assertEqual(status, 1)
        self.assertRegex(output, r"reply/endless-line[^\n]*(\n  [^\n]*)*\n  mine +crashed \(SIGABRT\) while it was measured")

    def test_the_first_difference_is_shown(self):
        for change, said in ((("* 100 +", "* 100 + 1 +"), r'reply/mixed, mine: the 1st of 21121 is 250 "mx[^\n]*, and was given as 251 "mx'),
                             (("? 3 : 4;", "? 3 : 5;"), r'reply/mixed, mine: the 1st of 21121 is 250 "mx\.[^\n]*, and was given as 250 "x\.'),
                             (("sink->on_reply(sink, &reply);", "if (reply.code != 354) sink->on_reply(sink, &reply);"), r"the \d+(st|nd|rd|th) of 21121 is 354 [^\n]*, and was given as 250 ")):
            with self.subTest(change):
                _, output, _ = self.bench(self.in_c(change))
                self.assertRegex(output, said)

    def test_what_an_adapter_says_of_its_error_is_shown(self):
        library = self.in_c(("reply->line_count == MAX_LINES", "reply->line_count == 3"))
        status, output, _ = self.bench(library, "--strictness")
        self.assertEqual(status, 1)
        self.assertRegex(self.line(output), r"^mine wrong \(\d+ of 21121\), stopped \(not a reply\)$")
        self.assertIn("two digits: refused (not a reply)", output)

    def test_another_version_of_the_interface(self):
        status, output, error = self.bench(self.in_c(("SMTPSPEC_BENCH_ABI,", "99,")))
        self.assertEqual((status, self.line(output)), (1, ""))
        self.assertIn("was built for version 99 of adapter.h, this program has 1", error)

    def test_a_library_without_the_entry(self):
        status, _, error = self.bench(self.in_c(("smtpspec_bench_adapter(uint32_t index)", "smtpspec_other(uint32_t index);\nconst smtpspec_adapter *smtpspec_other(uint32_t index)")))
        self.assertEqual(status, 1)
        self.assertIn("exports no smtpspec_bench_adapter", error)

    def test_a_library_that_crashes_when_it_is_opened(self):
        status, _, error = self.bench(self.in_c(("static int is_digit", "__attribute__((constructor)) static void at_start(void) { abort(); }\nstatic int is_digit")))
        self.assertEqual(status, 1)
        self.assertIn("crashed (SIGABRT) when it was opened", error)

    def test_a_file_that_is_no_library(self):
        library = self.path / "libmine.so"
        library.write_text("no")
        status, _, error = self.bench(library)
        self.assertEqual(status, 1)
        self.assertIn("libmine.so", error)

    def test_our_own_are_right_and_strict(self):
        done = subprocess.run([PROGRAM, "--check", "--only", "smtpspec", "--input", "*-4k*"], text=True, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("when cut", done.stdout)
        self.assertEqual({line.strip() for line in done.stdout.splitlines() if line.startswith("  smtpspec")},
                         {"smtpspec    right  24 of 24", "smtpspec    right  26 of 26", "smtpspec    right  12 of 12", "smtpspec    right"})

    def test_what_has_no_competitor(self):
        done = subprocess.run([PROGRAM, "--input", "session/*", "--input", "start/*", "--repetitions", "1", "--min-time", "0.001", "--report",
                               "markdown=-"], text=True, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0)
        for name in ("session/memory", "start/suite", "start/run"):
            self.assertRegex(done.stdout, rf"## {name}\n\n[^|]*\n\| adapter \| ns/[^\n]*\n[^\n]*\n\| smtpspec \| \d+ \|")

    def test_an_input_that_there_is_not(self):
        done = subprocess.run([PROGRAM, "--check", "--input", "no/such"], text=True, capture_output=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--list", done.stderr)

    def reports(self, library, *more):
        """Of our own and the library's on a small input, after the run."""
        done = subprocess.run([PROGRAM, "--adapter", library, "--only", "smtpspec", "--only", "mine", "--input", "reply/mixed-4k", "--repetitions", "2",
                               "--min-time", "0.001", "--deadline", "2", "--report", "json=a.json", "--report", "markdown=a.md",
                               "--report", "html=a.html", *more], text=True, capture_output=True, timeout=120, cwd=self.path)
        return done.returncode, *((self.path / f"a.{kind}").read_text() for kind in ("json", "md", "html"))

    def test_reports(self):
        status, document, markdown, page = self.reports(self.in_c(), "--strictness")
        self.assertEqual(status, 0)
        runs = {each["run_name"] for each in json.loads(document)["benchmarks"]}
        self.assertLessEqual({"reply/mixed-4k/smtpspec", "reply/mixed-4k/mine", "reply/mixed-4k/newline positions"}, runs)
        self.assertRegex(markdown, r"\n\| mine \| [\d.]+ \| [\d.]+ \| [\d.]+ \| [\d.]+ % \| 0 \| 15 of 24 \|")
        self.assertRegex(markdown, r"\n\| reply, strict \| 24 of 24 \| 15 of 24 \|\n")
        self.assertIn("### reply mine: 15 of 24", markdown)
        # A page by itself: well-formed, nothing from elsewhere, and each plot has its figures in words and in a table.
        xml.dom.minidom.parseString(page.split("\n", 1)[1])
        self.assertNotRegex(page, r"(src|href)=|url\(|<script")
        self.assertIn("prefers-color-scheme: dark", page)
        words = re.findall(r'<svg role="img"[^>]* aria-label="([^"]+)"', page)
        self.assertEqual(page.count("<svg"), len(words))
        for title in ("Time, ns/reply", "Speed, % of", "Strictness"):
            self.assertTrue(any(re.match(rf"{title}.*: smtpspec [\d.]+.*; mine [\d.]+", each) for each in words), title)
        self.assertRegex(page, r'<th scope="row">mine</th><td>[\d.]+</td>')

    def test_what_is_wrong_has_no_time_in_any_report(self):
        for change, fault in ((("if (reply->line_count == MAX_LINES)", "if (reply->line_count == 3) abort();\n    if (reply->line_count == MAX_LINES)"), "crashed (SIGABRT)"),
                              (("if (taken == 0) return (ptrdiff_t)at;", "while (taken > 0 && reply.line_count > 3) {}\n    if (taken == 0) return (ptrdiff_t)at;"), "hung"),
                              (("memchr(line, '\\n', size - at)", "memchr(line, '\\n', size - at + 4096)"), "read beyond its octets"),
                              (("* 100 +", "* 100 + 1 +"), "wrong (81 of 81), other codes")):
            with self.subTest(fault):
                status, document, markdown, page = self.reports(self.in_c(change))
                self.assertEqual(status, 1)
                runs = [each for each in json.loads(document)["benchmarks"] if each["run_name"] == "reply/mixed-4k/mine"]
                self.assertEqual({each.get("error_message") for each in runs}, {fault})
                self.assertIn(f"\n| mine | {fault} |", markdown)
                self.assertRegex(page, rf'<th scope="row">mine</th><td class="fault" colspan="\d">{re.escape(fault)}</td>')
                # The others have theirs.
                self.assertRegex(markdown, r"\n\| smtpspec \| [\d.]+ \|")
                self.assertEqual(self.compare(self.path / "a.json", self.path / "a.json")[0], 0)

    def test_another_version_is_named_in_the_reports(self):
        status, _, markdown, page = self.reports(self.in_c(("SMTPSPEC_BENCH_ABI,", "99,")))
        self.assertEqual(status, 1)
        for report in (markdown, page):
            self.assertIn("libmine.so: was built for version 99 of adapter.h, this program has 1", report)

    def test_a_report_on_standard_output_has_it_alone(self):
        done = subprocess.run([PROGRAM, "--check", "--only", "smtpspec", "--input", "reply/mixed-4k", "--report", "markdown=-"],
                              text=True, capture_output=True, timeout=120)
        self.assertTrue(done.stdout.startswith("# Parsers of SMTP"))
        self.assertNotIn("# Parsers", done.stderr)
        self.assertIn("right  24 of 24", done.stderr)

    def test_a_report_that_there_is_not(self):
        for words in (["--report", "pdf=a.pdf"], ["--report", "json"], ["--report", "html=/nonexistent/a.html"], ["--check", "--report", "json=a.json"]):
            done = subprocess.run([PROGRAM, "--only", "smtpspec", "--input", "reply/mixed-4k", *words], text=True, capture_output=True,
                                  timeout=120, cwd=self.path)
            self.assertEqual(done.returncode, 2, words)
            self.assertTrue(done.stderr)

    def judge(self, script):
        path = self.path / "parser.py"
        path.write_text(script)
        done = subprocess.run([PROGRAM, "--process", "reply", f"{sys.executable} {path}", "--strictness", "--deadline", "2"],
                              text=True, capture_output=True, timeout=120)
        return done.stdout.splitlines()

    def test_a_process_is_judged(self):
        lines = self.judge("""
import sys, time
while size := sys.stdin.buffer.readline():
    octets = sys.stdin.buffer.read(int(size))
    if octets == b"25 ok\\r\\n": sys.exit(3)
    if octets == b"600 ok\\r\\n": time.sleep(60)
    print("waits" if not octets.endswith(b"\\r\\n") else "accepted 250" if octets in (b"250\\r\\n", b"199 x\\r\\n") else "refused", flush=True)
""")
        self.assertRegex(lines[0], r"parser\.py: 20 of 24$")
        for line in ("! two digits: ended the process with status 3", "! first digit 6: hung", "! first digit 1: accepted 250",
                     "! 300 lines: refused", "  a code alone: accepted 250", "  three digits and the end of the stream: waits"):
            self.assertIn("  " + line, lines)

    def test_a_process_that_does_not_answer(self):
        for script, said, row in (("for line in __import__('sys').stdin: print('hello', flush=True)", "two digits: answered in no word of the protocol (hello)", "not tried"),
                                  ("__import__('time').sleep(60)", "two digits: hung", "not tried"),
                                  ("raise SystemExit(3)", "two digits: ended the process with status 3", "not tried"),
                                  ("while True: print('x' * 4096, end='')", "two digits: answered in no word of the protocol", "not tried")):
            with self.subTest(script):
                path = self.path / "parser.py"
                path.write_text(script)
                done = subprocess.run([PROGRAM, "--process", "reply", f"{sys.executable} {path}", "--strictness", "--deadline", "1"],
                                      text=True, capture_output=True, timeout=30)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stdout.splitlines()[0], r": 0 of 24$")
                self.assertIn("  " + said, done.stdout)
                self.assertIn("! 300 lines: " + row, done.stdout)

    def test_what_a_process_is_no_part_of(self):
        for words in (["--report", "json=-"], ["--instructions", "--gate", "reply/mixed", "2"], ["--adapter", "x.so"], ["--input", "reply/mixed"]):
            done = subprocess.run([PROGRAM, "--process", "reply", "cat", *words], text=True, capture_output=True, timeout=30)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn("--process", done.stderr)

    def test_pythons_own_parser_as_a_process(self):
        done = subprocess.run([PROGRAM, "--process", "reply", f"{sys.executable} {BENCH}/reply/python_smtplib.py"],
                              text=True, capture_output=True, timeout=120)
        self.assertRegex(done.stdout, r" of 24$")
        self.assertNotIn(" 0 of", done.stdout)

    def document(self, name, instructions):
        """A document as --report json writes it, with the instructions that one would have counted."""
        path = self.path / name
        runs = [{"run_name": "reply/mixed/mine", "run_type": "iteration", "items_per_second": rate, "instructions": instructions}
                for rate in (5e6, 1e7)]
        path.write_text(json.dumps({"benchmarks": runs + [{"run_name": "reply/mixed/mine", "run_type": "aggregate"}]}))
        return path

    def compare(self, before, after, *more):
        done = subprocess.run([PROGRAM, "--compare", before, after, *more], text=True, capture_output=True)
        return done.returncode, [line.split() for line in done.stdout.splitlines()], done.stderr

    def test_two_documents_are_compared(self):
        before, after = self.document("a.json", 200), self.document("b.json", 210)
        status, lines, _ = self.compare(before, after)
        self.assertEqual((status, lines[1]), (1, ["reply/mixed/mine", "100", "100", "1.00", "200", "210", "1.05"]))
        self.assertEqual(self.compare(before, after, "--tolerance", "6")[0], 0)
        self.assertEqual(self.compare(after, before)[0], 0)

    def test_what_is_gone_is_worse(self):
        before, after = self.document("a.json", 200), self.path / "b.json"
        other = json.loads(before.read_text().replace("reply/mixed", "reply/errors"))
        after.write_text(json.dumps(other))
        status, lines, _ = self.compare(before, after)
        self.assertEqual((status, lines[1]), (1, ["reply/mixed/mine", "measured", "before,", "and", "not", "after"]))

    def test_names_that_name_nothing(self):
        for words, said in ((("--input", "reply/one-line", "--input", "reply/mixd"), "no input is called 'reply/mixd'; did you mean 'reply/mixed'?"),
                            (("--input", "reply/mixed", "--only", "nobody"), "no adapter is called 'nobody'; --list shows them"),
                            (("--input", "reply/mixed", "--instructions", "--gate", "reply/one-line", "2"),
                             "--gate: 'reply/one-line' is not among the inputs of this run"),
                            (("--input", "reply/mixed", "--instructions", "--budget", "reply/mixed", "2", "--check"), "OTHER")):
            done = subprocess.run([PROGRAM, *words], text=True, capture_output=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            if said != "OTHER":
                self.assertEqual(done.stderr, f"smtpspec-bench: {said}\n")

    def test_inputs_that_are_not_the_same(self):
        before, after = self.document("a.json", 200), self.document("b.json", 100)
        for path, digest in ((before, "1a"), (after, "2b")):
            path.write_text(json.dumps(json.loads(path.read_text()) | {"context": {"sha256 reply/mixed": digest}}))
        status, lines, _ = self.compare(before, after)
        self.assertEqual((status, " ".join(lines[1])), (1, "reply/mixed/mine not comparable: the input is another one"))

    def test_a_document_that_is_none(self):
        good = self.document("a.json", 1)
        self.assertEqual(self.compare(good, self.path / "none")[0], 2)
        for text, why in (("", "the JSON is broken in line 1"), ('{"benchmarks":\n[}', "the JSON is broken in line 2"), ("{} x", "the JSON is broken in line 1"), ("[]", "it is no object"), ("{}", 'it has no "benchmarks"'),
                          ('{"benchmarks": {}}', 'it has no "benchmarks"'), ('{"benchmarks": [1]}', 'one of "benchmarks" is no object'),
                          ('{"benchmarks": [{"run_type": 3}]}', 'it has no "run_type"')):
            bad = self.path / "bad.json"
            bad.write_text(text)
            status, _, error = self.compare(good, bad)
            self.assertEqual((status, error), (2, f"smtpspec-bench: {bad}: is no document of --report json: {why}\n"))

    def test_reports_named_in_one(self):
        done = subprocess.run([PROGRAM, "--only", "smtpspec", "--input", "reply/mixed-4k", "--repetitions", "2", "--min-time", "0.001", "--report",
                               "json=a.json", "markdown=a.md"], text=True, capture_output=True, timeout=120, cwd=self.path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.path / "a.json").exists() and (self.path / "a.md").exists())

    def test_the_document_of_a_run_can_be_read(self):
        path = self.path / "run.json"
        subprocess.run([PROGRAM, "--only", "smtpspec", "--input", "reply/mixed-4k", "--repetitions", "2", "--min-time", "0.001", "--report", f"json={path}"],
                       check=True, stdout=subprocess.DEVNULL, timeout=120)
        context = json.loads(path.read_text())["context"]
        self.assertEqual(context["sha256 reply/mixed-4k"][:16], "a767d81f6d76c19d")
        for key in ("compiler", "flags", "processor"):
            self.assertTrue(context[key])
        self.assertEqual(self.compare(path, path)[0], 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])
