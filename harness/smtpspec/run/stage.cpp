#include "smtpspec/run/stage.hpp"

namespace smtpspec::run {

using session::Session;

namespace {

constexpr std::size_t most_log_lines = 40;
constexpr std::chrono::milliseconds log_delay{200};

std::vector<std::string> last_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(smtp::spell(text.substr(0, end)));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  if (lines.size() > most_log_lines) lines.erase(lines.begin(), lines.end() - most_log_lines);
  return lines;
}

}  // namespace

Stage::Stage(const Profile& profile, session::Transport& transport, session::Setup setup, const Attendant& attendant,
             std::function<void()> moved)
    : profile_(profile), transport_(transport), setup_(std::move(setup)), attendant_(attendant), moved_(std::move(moved)) {
  setup_.deadlines = profile.deadlines;
}

script::Facts Stage::fresh_facts() {
  script::Facts facts = profile_.facts;
  facts.values["token"] = std::string(profile_.facts.get("token")) + "x" + std::to_string(++serial_);
  return facts;
}

session::Setup Stage::setup_for(const script::Case& test) const {
  session::Setup setup = setup_;
  setup.credentials = {std::string(profile_.facts.get("user")), std::string(profile_.facts.get("password"))};
  setup.nonce += std::to_string(serial_);
  if (test.timeout) setup.deadlines.reply = setup.deadlines.data = *test.timeout;
  return setup;
}

int Stage::connections_of(const Play& play) const {
  int weight = 1;
  for (const auto& step : *play.steps) {
    if (step.kind != script::Step::Kind::act) continue;
    if (step.act == script::Step::Act::open) ++weight;
    if (step.act == script::Step::Act::restart) return profile_.connections;
  }
  return weight * play.clones;
}

bool Stage::has_room(const Play& play, int jobs) const {
  return undecided_ < jobs && (connections_ == 0 || connections_ + connections_of(play) <= profile_.connections);
}

Result<void> Stage::start(Play play, std::function<void(Group&)> done) {
  auto group = std::make_unique<Running>();
  group->weight = connections_of(play);
  group->play = std::move(play);
  group->done = std::move(done);
  group->began = transport_.now();
  group->log_from = attendant_.log_size ? attendant_.log_size() : 0;
  const Play& what = group->play;
  for (int i = 0; i < what.clones; ++i) {
    auto plan = script::make_plan(*what.test, *what.steps, *what.row, what.role, fresh_facts());
    if (!plan) return tl::unexpected(plan.error());
    if (!what.test->delivery.empty()) awaited_.emplace(plan->facts.get("token"));
    group->sessions.push_back(std::make_unique<Session>(std::move(*plan), setup_for(*what.test)));
  }
  Running* key = group.get();
  key->open = key->sessions.size();
  key->counted.assign(key->open, false);
  undecided_ += static_cast<int>(key->open);
  connections_ += key->weight;
  groups_.emplace(key, std::move(group));
  for (std::size_t i = 0; i < key->sessions.size(); ++i) transport_.play(*key->sessions[i], [this, key, i] { changed(*key, i); });
  return {};
}

void Stage::changed(Running& group, std::size_t index) {
  const Session& session = *group.sessions[index];
  if (session.decided() && !group.counted[index]) {
    group.counted[index] = true;
    --undecided_;
  }
  if (session.finished() && --group.open == 0) {
    connections_ -= group.weight;
    const auto owned = std::move(groups_.extract(&group).mapped());
    owned->done(*owned);
  }
  transport_.after({}, moved_);
}

std::string Stage::under_way() const {
  std::string out;
  for (const auto& [key, group] : groups_) out += (out.empty() ? "" : ", ") + group->play.name;
  return out;
}

LogMark Stage::log_mark(const Group& group) const {
  LogMark mark{group.log_from, {}};
  for (const auto& session : group.sessions) mark.secrets.push_back(session->secrets());
  return mark;
}

void Stage::read_log(LogMark since, std::function<void(std::vector<std::string> lines)> then) {
  if (!attendant_.log_since) return then({});
  const std::uint64_t reader = ++log_reader_;
  log_readers_.emplace(reader, LogReader{std::move(since), std::move(then)});
  transport_.after(log_delay, [this, reader] {
    if (read_log_of(reader)) moved_();
  });
}

bool Stage::read_log_of(std::uint64_t number) {
  const auto found = log_readers_.extract(number);
  if (!found) return false;
  const LogReader& reader = found.mapped();
  std::string text = attendant_.log_since(reader.since.at);
  for (const session::Secrets& secrets : reader.since.secrets) text = secrets.mask(text);
  reader.then(last_lines(text));
  return true;
}

void Stage::read_logs_now() {
  while (!log_readers_.empty()) read_log_of(log_readers_.begin()->first);
}

}  // namespace smtpspec::run
