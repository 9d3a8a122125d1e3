"""fuzz, corpus and minimise, as one types them. Usage: fuzz_command_line_test.py SMTPSPEC [unittest arguments]"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest
from xml.dom import minidom
from xml.etree import ElementTree

from command_line import CASE, HERE, PROGRAM, YES, Files, free_port, run

MORTAL = f"exec {sys.executable} -S {HERE / 'mortal_server.py'}"


class Fuzz(Files):
    def fuzz(self, *words):
        return run("fuzz", *words, "--seed", "1", "--findings", f"{self.directory.name}/findings")

    def test_the_reference_server_shows_nothing(self):
        status, out, err = self.fuzz("embedded", "--scenarios", "150")
        self.assertEqual((status, err), (0, ""), out)
        self.assertRegex(out, r"embedded: 150 scenarios .*\n  reached: .*\n  0 findings\n")
        self.assertFalse(os.path.exists(f"{self.directory.name}/findings"))

    def test_a_finding_is_a_case_that_fails_there_and_not_elsewhere(self):
        target = ("smtp://127.0.0.1", "--start", f"{YES} {{port}}", "--timeout", "200ms")
        status, out, err = self.fuzz(*target, "--scenarios", "40", "--for", "3s")
        self.assertEqual(status, 1, err)
        files = sorted(str(file) for file in pathlib.Path(f"{self.directory.name}/findings").iterdir())
        self.assertTrue(files)
        for file in files:
            self.assertIn(file, out)
        wrong_order = [file for file in files if "reply-is-lawful-" in file]
        self.assertTrue(wrong_order, files)
        status, out, err = run("replay", *target, wrong_order[0])
        self.assertEqual(status, 1, out + err)
        self.assertIn(wrong_order[0], out)
        status, out, err = run("replay", "embedded", wrong_order[0])
        self.assertIn(status, (0, 3), out + err)
        self.assertNotIn("1 fail", out)
        # What is known is told and does not count.
        status, _, err = self.fuzz(*target, "--scenarios", "40", "--for", "3s", "--known", f"{self.directory.name}/findings")
        self.assertEqual((status, err), (0, ""))

    def test_places_of_the_targets_code_are_novelty(self):
        server = PROGRAM.parent / "fuzz" / "smtpspec_coverage_server"

        def campaign(how):
            report = f"{self.directory.name}/{how}.json"
            status, out, err = self.fuzz("smtp://127.0.0.1", "--start", f"exec {server} {{port}}", "--scenarios", "40", "--for", "20s",
                                         "--coverage", how, "--report", f"json={report}", "-q")
            self.assertIn(status, (0, 1), err)
            summary = json.loads(pathlib.Path(report).read_text())["summary"]
            self.assertIn(f"  coverage: {summary['places']} places of the target's code\n", out)
            return summary

        for how in "count", "guide":
            self.assertGreater(campaign(how)["places"], 30)
        document = self.fuzz("embedded", "--scenarios", "5", "--report", f"json={self.directory.name}/none.json")
        self.assertEqual(document[0], 0)
        self.assertNotIn("places", json.loads(pathlib.Path(f"{self.directory.name}/none.json").read_text())["summary"])

    def test_a_target_that_is_not_instrumented(self):
        for target in ("embedded",), ("smtp://127.0.0.1", "--start", f"{YES} {{port}}"):
            status, out, err = self.fuzz(*target, "--coverage", "guide", "--scenarios", "5")
            self.assertEqual((status, out), (2, ""))
            self.assertIn("--coverage: the target was not linked with the runtime", err)

    def test_nobody_there(self):
        status, out, err = self.fuzz(f"smtp://127.0.0.1:{free_port()}", "--for", "5s")
        self.assertEqual(status, 3, out)
        self.assertIn("the target is lost: the last 20 sessions got no greeting", err)

    def test_no_time_at_all(self):
        for time_given, complaint in ("0s", "is no time at all"), ("soon", "is no duration"):
            status, _, err = self.fuzz("embedded", "--for", time_given)
            self.assertEqual(status, 2)
            self.assertIn(complaint, err)

    def test_a_broken_file_is_named(self):
        status, _, err = run("replay", "embedded", self.file("broken.yaml", "title: x\n"))
        self.assertEqual(status, 2)
        self.assertIn("broken.yaml", err)
        status, _, err = run("replay", "embedded", f"{self.directory.name}/none.yaml")
        self.assertEqual(status, 2)
        self.assertIn("none.yaml", err)


def fits(schema, file):
    """What of the document does not fit, or ''."""
    done = subprocess.run([sys.executable, HERE / "check_schema.py", HERE.parent.parent / "reports" / "schema" / schema, file],
                          capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


class FuzzReports(Files):
    def reports(self, *words):
        """Status, and the documents of the three kinds."""
        paths = {kind: f"{self.directory.name}/{kind}" for kind in ("run.json", "run.xml", "run.sarif.json")}
        status, out, err = run(*words, *(word for kind, path in zip(("json", "junit", "sarif"), paths.values())
                                         for word in ("--report", f"{kind}={path}")))
        self.assertEqual(fits("sarif-2.1.0.json", paths["run.sarif.json"]), "", out + err)
        xml = pathlib.Path(paths["run.xml"])
        ElementTree.parse(xml)
        return status, json.loads(pathlib.Path(paths["run.json"]).read_text()), json.loads(
            pathlib.Path(paths["run.sarif.json"]).read_text())["runs"][0], ElementTree.parse(xml).getroot(), paths["run.json"]

    def test_the_findings_of_fuzz(self):
        target = ("smtp://127.0.0.1", "--start", f"{YES} {{port}}", "--timeout", "200ms")
        findings = f"{self.directory.name}/findings"
        words = ("fuzz", *target, "--scenarios", "40", "--for", "3s", "--findings", findings)
        status, document, sarif, junit, path = self.reports(*words)
        self.assertEqual(status, 1)
        self.assertEqual(fits("fuzz.v1.json", path), "")
        names = [finding["name"] for finding in document["findings"]]
        self.assertTrue(names)
        self.assertEqual(sorted(f"{findings}/{name}.yaml" for name in names), sorted(finding["file"] for finding in document["findings"]))
        self.assertEqual(len(sarif["results"]), len(names))
        self.assertEqual(sorted(f"fuzz/{name}" for name in names),
                         sorted(result["partialFingerprints"]["finding/v1"].split(" / ")[0] for result in sarif["results"]))
        for result in sarif["results"]:
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            self.assertTrue(os.path.exists(uri.removeprefix("file://")), uri)
            self.assertEqual(sarif["tool"]["driver"]["rules"][result["ruleIndex"]]["id"], result["ruleId"])
        fails = sum(finding["verdict"] == "fail" for finding in document["findings"])
        self.assertEqual(int(junit.get("failures")), fails)
        self.assertEqual(int(junit.get("tests")), len(names) + 1)
        # What is known is waived, and suppressed.
        status, document, sarif, junit, path = self.reports(*words, "--known", findings)
        self.assertEqual(status, 0)
        self.assertEqual(fits("fuzz.v1.json", path), "")
        self.assertEqual(document["summary"]["known"], len(document["findings"]))
        self.assertTrue(all(result["suppressions"] for result in sarif["results"]))
        self.assertEqual(junit.get("failures"), "0")

    def test_a_page_by_itself(self):
        target = ("smtp://127.0.0.1", "--start", f"{YES} {{port}}", "--timeout", "200ms")
        for words, expected in ((target, 1), (("embedded", "--role", "relay"), 0)):
            files = {kind: pathlib.Path(self.directory.name) / kind for kind in ("html", "json")}
            status, out, err = run("fuzz", *words, "--scenarios", "40", "--for", "3s", "--findings", f"{self.directory.name}/findings",
                                   *(word for kind, path in files.items() for word in ("--report", f"{kind}={path}")))
            self.assertEqual(status, expected, out + err)
            page, document = files["html"].read_text(), json.loads(files["json"].read_text())
            minidom.parseString(page.split("\n", 1)[1])
            self.assertNotRegex(page, r"(src|href)=|url\(|<script|@import")
            self.assertLess(len(page), 300_000)
            self.assertIn("prefers-color-scheme: dark", page)
            # Each picture has its figures, in words or in the row where it stands.
            self.assertEqual(page.count("<svg"), len(re.findall(r'<svg (?:aria-hidden="true"|role="img"[^>]* aria-label="[^"]+")', page)))
            # Headings in order.
            levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
            self.assertEqual(levels[0], 1)
            self.assertTrue(all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels)
            # It says what the document says.
            self.assertEqual(page.count("<h3>"), len(document["findings"]))
            for finding in document["findings"]:
                self.assertIn(f"<code>{finding['file']}</code>", page)
            self.assertEqual(len(document["reached"]["states"]), document["summary"]["state_and_input_pairs"])
            self.assertEqual(sum(each["times"] for each in document["reached"]["replies"]), document["summary"]["replies"])
            self.assertIn(f"<caption>{len(document['reached']['states'])} of ", page)
            said = {(each["code"], each["verb"]) for each in document["reached"]["replies"]}
            for each in document["reached"]["states"]:
                verb = each["input"].split(" ")[0] if not each["input"].startswith("(") else "(unknown verb)"
                for code in each["codes"]:
                    self.assertTrue({(int(code), verb), (int(code), "(unknown verb)")} & said, each)

    def test_nothing_found_is_no_empty_report(self):
        status, document, sarif, junit, path = self.reports("fuzz", "embedded", "--scenarios", "30", "--role", "relay")
        self.assertEqual((status, document["findings"], sarif["results"]), (0, [], []))
        self.assertEqual(fits("fuzz.v1.json", path), "")
        self.assertEqual((junit.get("tests"), junit.get("failures"), junit.get("errors")), ("1", "0", "0"))
        shares = document["summary"]["shares"]
        self.assertAlmostEqual(sum(shares.values()), 1, places=6)

    def test_nobody_there_is_an_error_of_the_reports(self):
        status, document, sarif, junit, path = self.reports("fuzz", f"smtp://127.0.0.1:{free_port()}", "--for", "5s")
        self.assertEqual(status, 3)
        self.assertEqual(fits("fuzz.v1.json", path), "")
        self.assertIn("no greeting", document["campaign"]["trouble"])
        self.assertEqual(junit.get("errors"), "1")
        self.assertFalse(sarif["invocations"][0]["executionSuccessful"])
        self.assertIn("no greeting", sarif["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"])

    def test_run_writes_them_too(self):
        target = ("smtp://127.0.0.1", "--start", f"{YES} {{port}}", "--timeout", "1s")
        status, _, sarif, _, path = self.reports("run", *target, "rfc5321/order")
        self.assertEqual((status, fits("run.v2.json", path)), (1, ""))
        results = {result["partialFingerprints"]["finding/v1"]: result for result in sarif["results"]}
        self.assertEqual(len(results), len(sarif["results"]))
        mine = [result for key, result in results.items() if key.startswith(f"{CASE} / fail / ")]
        self.assertEqual(len(mine), 1)
        self.assertEqual((mine[0]["level"], mine[0]["suppressions"]), ("error", []))
        self.assertRegex(sarif["automationDetails"]["id"], "^smtpspec/run/.*/$")
        self.assertTrue(mine[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith(f"{CASE}.yaml"))
        status, _, sarif, _, _ = self.reports("replay", *target, str(HERE.parent.parent / "cases" / f"{CASE}.yaml"))
        self.assertEqual(status, 1)
        self.assertRegex(sarif["automationDetails"]["id"], "^smtpspec/replay/")


class FuzzCorpus(Files):
    def fuzz(self, corpus, *words):
        return run("fuzz", "embedded", "--role", "relay", "--corpus", f"{self.directory.name}/{corpus}", "--findings",
                   f"{self.directory.name}/findings", *words)

    def entries(self, corpus):
        return sorted(path.name for path in pathlib.Path(f"{self.directory.name}/{corpus}").glob("*.scenario"))

    def state(self, corpus):
        return pathlib.Path(f"{self.directory.name}/{corpus}/state").read_text()

    def test_it_goes_on_where_it_stopped(self):
        status, out, err = self.fuzz("c", "--scenarios", "60", "--seed", "3")
        self.assertEqual((status, err), (0, ""), out)
        first = self.entries("c")
        self.assertGreater(len(first), 10)
        self.assertEqual(self.state("c"), "seed 3 shard 1/1 next 60\n")
        status, out, err = self.fuzz("c", "--scenarios", "20", "--seed", "3")
        self.assertEqual((status, err), (0, ""), out)
        self.assertIn(f"corpus: {len(first)} scenarios replayed", out)
        self.assertEqual(self.state("c"), "seed 3 shard 1/1 next 80\n")
        self.assertTrue(set(first) <= set(self.entries("c")))
        # Another seed, a shard and a place of one's own.
        self.fuzz("c", "--scenarios", "5", "--seed", "4", "--shard", "2/3")
        self.fuzz("c", "--scenarios", "1", "--seed", "5", "--first", "1204")
        self.assertEqual(self.state("c"), "seed 3 shard 1/1 next 80\nseed 4 shard 2/3 next 16\nseed 5 shard 1/1 next 1205\n")

    def test_a_kill_loses_a_second_at_most(self):
        words = [PROGRAM, "fuzz", "embedded", "--corpus", f"{self.directory.name}/c", "--for", "60s", "--seed", "3", "-q"]
        state = pathlib.Path(f"{self.directory.name}/c/state")
        with subprocess.Popen(words, stdout=subprocess.DEVNULL) as campaign:
            until = time.monotonic() + 30
            while not (state.exists() and not state.read_text().endswith("next 0\n")) and time.monotonic() < until:
                time.sleep(0.1)
            campaign.kill()
        done = int(re.fullmatch(r"seed 3 shard 1/1 next (\d+)\n", state.read_text()).group(1))
        self.assertGreater(done, 0)
        kept = self.entries("c")
        status, out, err = self.fuzz("c", "--scenarios", "10", "--seed", "3")
        self.assertEqual((status, err), (0, ""), out)
        self.assertTrue(set(kept) <= set(self.entries("c")))
        self.assertEqual(self.state("c"), f"seed 3 shard 1/1 next {done + 10}\n")

    def test_what_is_damaged_is_named_and_left_out(self):
        self.fuzz("c", "--scenarios", "20")
        folder = pathlib.Path(f"{self.directory.name}/c")
        whole = self.entries("c")
        (folder / "0.scenario").write_text("scenario 1 relay\ncommand\n  simple \"NO SUCH\"\n")
        (folder / "1.scenario").write_bytes(bytes(range(256)))
        with open(folder / "state", "a", encoding="ascii") as state:
            state.write("seed one\n")
        status, out, err = self.fuzz("c", "--scenarios", "5")
        self.assertEqual(status, 0, out)
        self.assertIn("c/0.scenario:3: the grammar has no production simple", err)
        self.assertIn("c/1.scenario", err)
        self.assertIn("c/state:2: expected 'seed N", err)
        self.assertEqual(len(err.splitlines()), 3)
        self.assertIn(f"corpus: {len(whole)} scenarios replayed", out)

    def test_corpora_are_merged_and_distilled(self):
        self.fuzz("a", "--scenarios", "60", "--seed", "1")
        self.fuzz("b", "--scenarios", "60", "--seed", "2")
        folder = self.directory.name
        both = set(self.entries("a")) | set(self.entries("b"))
        status, out, err = run("corpus", f"{folder}/a", f"{folder}/b", "--into", f"{folder}/c")
        self.assertEqual((status, err), (0, ""), out)
        kept = self.entries("c")
        self.assertRegex(out, rf"c: {len(kept)} of {len(both)} scenarios show all that they show")
        self.assertLess(len(kept), len(both))
        self.assertTrue(set(kept) <= both)
        # A folder is distilled in place; of what is distilled nearly nothing goes: what a scenario shows may hang on the play.
        run("corpus", "--into", f"{folder}/c")
        self.assertTrue(set(self.entries("c")) <= set(kept))
        self.assertGreater(len(self.entries("c")), 0.9 * len(kept))
        run("corpus", f"{folder}/b", "--into", f"{folder}/a", "--on", "embedded")
        self.assertLess(len(self.entries("a")), len(both))
        status, _, err = run("corpus", "--into", f"{folder}/nothing")
        self.assertEqual((status, err), (4, "smtpspec: no scenario is left to keep\n"))

    def test_shards_of_other_runners(self):
        self.fuzz("c", "--scenarios", "4")
        for total, index in ("GTEST_TOTAL_SHARDS", "GTEST_SHARD_INDEX"), ("TEST_TOTAL_SHARDS", "TEST_SHARD_INDEX"):
            run("fuzz", "embedded", "--corpus", f"{self.directory.name}/{total}", "--scenarios", "4", **{total: "5", index: "2"})
            self.assertEqual(self.state(total), "seed 1 shard 3/5 next 22\n")
        status, _, err = self.fuzz("c", "--shard", "6/5")
        self.assertEqual((status, err), (2, "smtpspec: --shard: '6/5' is no shard; it looks like 2/5\n"))

    def test_a_rate_is_kept(self):
        began = time.monotonic()
        status, _, _ = self.fuzz("c", "--scenarios", "12", "--rate", "6")
        self.assertEqual(status, 0)
        self.assertGreater(time.monotonic() - began, 1.8)


class Resources(Files):
    def campaign(self, harm):
        target = ("smtp://127.0.0.1", "--start", f"{MORTAL} {{port}} VRFY {harm}", "--timeout", "300ms")
        status, out, err = run("fuzz", *target, "--for", "40s", "--scenarios", "400", "--acts", "5", "--findings", f"{self.directory.name}/findings",
                               "--jobs", "4")
        return out, err, pathlib.Path(f"{self.directory.name}/findings/resources-descriptors.yaml")

    def test_who_keeps_a_descriptor_for_each_command(self):
        out, err, file = self.campaign("keep")
        self.assertTrue(file.exists(), out + err)
        text = file.read_text()
        self.assertRegex(text, r"(?i)C2?: vrfy")
        self.assertLessEqual(len(re.findall(r"^  C2?: ", text, re.MULTILINE)), 2, text)
        self.assertRegex(out, r"observed.*fuzz/resources, descriptors\n.*\n +but came 2\d more of it after 24 plays, 2\d more after as many again; 0 for")

    def test_who_fills_a_pool(self):
        out, err, file = self.campaign("pool")
        self.assertFalse(file.exists(), out + err)


class SideEffects(Files):
    def fuzz(self, verb, harm, *words):
        findings = pathlib.Path(f"{self.directory.name}/findings")
        status, out, err = run("fuzz", "smtp://127.0.0.1", "--start", f"{MORTAL} {{port}} {verb} {harm}", "--timeout", "300ms", "--for", "20s",
                               "--scenarios", "300", "--findings", str(findings), "--jobs", "4", *words)
        return status, out + err, findings / "side-effect.yaml"

    def test_an_argument_that_a_shell_reads(self):
        with tempfile.TemporaryDirectory(dir="/tmp", prefix="sc") as canary:
            status, told, file = self.fuzz("EHLO", "shell", "--canary", canary)
            self.assertTrue(file.exists(), told)
            self.assertEqual(status, 1)
            self.assertRegex(file.read_text(), r"C: EHLO .*touch.*/\{canary\}/\{token\}mark1z")
            self.assertIn("fail  fuzz/side-effect", told)
            self.assertTrue(os.listdir(canary), "a folder of the user's is left as it is")

    def test_who_makes_no_file_is_spared(self):
        before = set(pathlib.Path("/tmp").glob("sc-??????"))
        _, told, file = self.fuzz("EHLO", "pool")
        self.assertFalse(file.exists(), told)
        self.assertFalse(set(pathlib.Path("/tmp").glob("sc-??????")) - before, "our own folder goes")

    def test_a_folder_that_is_no_good(self):
        for folder, complaint in (("/nowhere", "'/nowhere' is no folder"), ("/usr/lib/python3/dist-packages", "longer than 24 octets")):
            status, told, _ = self.fuzz("EHLO", "pool", "--canary", folder)
            self.assertEqual(status, 2)
            self.assertIn(complaint, told)
        status, told, _ = self.fuzz("EHLO", "pool", "--deliveries")
        self.assertEqual(status, 2)
        self.assertIn("--deliveries needs the mailbox of the recipient", told)


class Death(Files):
    def campaign(self, *deadly):
        findings = f"{self.directory.name}/findings"
        target = ("smtp://127.0.0.1", "--start", f"{MORTAL} {{port}} {' '.join(deadly)}", "--timeout", "300ms")
        status, out, err = run("fuzz", *target, "--for", "8s", "--scenarios", "60", "--acts", "5", "--findings", findings)
        self.assertEqual(status, 1, out + err)
        file = f"{findings}/process-exited-with-status-7-addresssanitizer-heap-use-after-free-server-c-42-in-do-{deadly[0].lower()}.yaml"
        self.assertTrue(os.path.exists(file), out + err)
        return target, file, out, err

    def test_the_scenario_that_kills_is_a_case(self):
        for deadly in ("VRFY",), ("VRFY", "0.3"):
            target, file, out, err = self.campaign(*deadly)
            text = pathlib.Path(file).read_text()
            self.assertRegex(text, r"(?i)C2?: vrfy")
            self.assertIn("log: SUMMARY: AddressSanitizer", out)
            self.assertIn("the target's process exited with status 7", err)
            self.assertLessEqual(len(re.findall(r"^  C2?: ", text, re.MULTILINE)), 2, text)
            status, out, err = run("replay", *target, file)
            self.assertEqual(status, 1, out + err)
            status, out, err = run("replay", "embedded", file)
            self.assertEqual(status, 0, out + err)
            os.remove(file)

    def test_a_target_that_dies_at_once(self):
        status, out, err = run("fuzz", "smtp://127.0.0.1", "--start", "exit 5; {port}", "--for", "5s")
        self.assertEqual((status, out), (3, ""))
        self.assertIn("exited with status 5", err)


class Minimise(Files):
    def test_a_finding_gets_short(self):
        steps = "".join(f"  C: NOOP {i}\n  S: 250\n" for i in range(6))
        long = ("title: it's long\nwhy: because\ncovers: [RFC5321-4.1.4-14]\nstart: ehlo\ndialogue: |\n" + steps +
                f"  C: NOOP {'x' * 300}\n  S: 250\n  C: RCPT TO:<{{recipient}}>\n  S: 503\n" + steps)
        target = ("smtp://127.0.0.1", "--start", f"{YES} {{port}}", "--timeout", "1s")
        file = self.file("long.yaml", long)
        status, out, err = run("minimise", *target, file)
        self.assertEqual((status, err), (0, ""), out)
        short = pathlib.Path(file.replace(".yaml", ".min.yaml")).read_text()
        self.assertIn("dialogue: |\n  C: RCPT\n  S: 503\n", short)
        self.assertIn("because Shortened from 28 steps to 2.", short)
        status, out, err = run("replay", *target, file.replace(".yaml", ".min.yaml"))
        self.assertEqual(status, 1, out + err)
        status, out, err = run("minimise", "embedded", file)
        self.assertEqual(status, 3)
        self.assertIn("shows nothing on this target", err)
        # No finding: the law has no such rule, and the reference server breaks it too.
        wrong = self.file("wrong.yaml", "title: x\ncovers: [RFC5321-4.1.4-14]\nstart: ehlo\ndialogue: |\n  C: NOOP\n  S: 251\n")
        status, out, err = run("minimise", *target, wrong, "-o", "-")
        self.assertEqual((status, out), (3, ""))
        self.assertIn("a conforming server shows the same", err)


if __name__ == "__main__":
    unittest.main()
