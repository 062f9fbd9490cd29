// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"

#include "vz/base/text.hpp"
#include "vz/unpack/talk.hpp"
#include "vz/unpack/unpack.hpp"

#include <cstdlib>
#include <unistd.h>

using namespace vz;
using namespace vz::unpack;

namespace {

class Notes : public Reporter {
public:
    void info(std::string_view text) override { note("info", text); }
    void warning(std::string_view text) override { note("warning", text); }
    void debug(std::string_view text) override { note("debug", text); }
    void progress(std::string_view what, std::uint64_t done, std::uint64_t total) override {
        note(format("{}/{}", done, total), what);
    }
    void progress_done() override { note("done", ""); }

    std::vector<std::string> heard;

private:
    void note(std::string_view kind, std::string_view text) { heard.push_back(format("{}:{}", kind, text)); }
};

Result<std::string> answer_to(std::string_view said) {
    Notes notes;
    Listener listener(notes);
    listener.hear(said);
    return listener.answer() ? *listener.answer() : Result<std::string>(fail(Errc::failed, "no answer"));
}

std::string bytes(std::string_view words) { // "|" closes a message
    std::string out(words);
    for (auto& c : out)
        c = c == '|' ? '\0' : c;
    return out;
}

} // namespace

TEST_CASE("what the speaker says is heard, in pieces of any length", "[unpack]") {
    std::string said;
    Speaker speaker([&](std::string_view text) { said += text; });
    speaker.progress("check the archive", 0, 100);
    speaker.progress("check the archive", 50, 100); // too soon for anybody to see
    speaker.progress_done();
    speaker.progress("unpack", 7, 0);
    speaker.info("two\nlines");
    speaker.warning("");
    speaker.debug(" x ");
    speaker.answer(Error{Errc::bad_template, 5, "a.tar: member 'x  y': no"});
    for (const std::size_t size : {std::size_t{1}, std::size_t{7}, said.size()}) {
        Notes notes;
        Listener listener(notes);
        for (std::size_t at = 0; at < said.size(); at += size) {
            CHECK_FALSE(listener.answer());
            listener.hear(std::string_view(said).substr(at, size));
        }
        CHECK(notes.heard == std::vector<std::string>{"0/100:check the archive", "done:", "7/0:unpack",
                                                      "info:two\nlines", "warning:", "debug: x "});
        REQUIRE(listener.answer());
        const auto& error = listener.answer()->error();
        CHECK(error.code == Errc::bad_template);
        CHECK(error.sys_errno == 5);
        CHECK(error.what == "a.tar: member 'x  y': no");
    }
}

TEST_CASE("an answer is a whole message", "[unpack]") {
    CHECK(*answer_to(bytes("value 3 4096|")) == "3 4096");
    CHECK(answer_to(bytes("value|"))->empty());
    CHECK(answer_to("value 3 4096").error().code == Errc::failed);
    CHECK(answer_to(bytes("|valu 3|VALUE 3|progress|progress 1|")).error().code == Errc::failed);
    for (const char* forged : {"error|", "error 0 0 fine|", "error 4711 0 x|", "error -1 x|"})
        CHECK(answer_to(bytes(forged)).error().code == Errc::internal);
}

TEST_CASE("a program that is missing, or of another kind, is named", "[unpack]") {
    const std::string own = std::getenv("VZ_LIBEXEC_DIR");
    char folder[] = "/tmp/vz-unpack-test.XXXXXX";
    REQUIRE(::mkdtemp(folder));
    const auto program = folder + std::string("/vz-unpack");
    ::setenv("VZ_LIBEXEC_DIR", folder, 1);
    const auto missing = sha256_of_file("/etc/passwd");
    REQUIRE(::symlink("/bin/false", program.c_str()) == 0);
    const auto silent = sha256_of_file("/etc/passwd");
    ::unlink(program.c_str());
    ::rmdir(folder);
    ::setenv("VZ_LIBEXEC_DIR", own.c_str(), 1);
    CHECK(missing.error().code == Errc::environment);
    CHECK(missing.error().what == "the program " + program + " is missing; reinstall vz-utils");
    CHECK(silent.error().code == Errc::internal);
    CHECK(silent.error().what == "/etc/passwd: vz-unpack ended early (status 1)");
}

TEST_CASE("errors of the program are those of the work", "[unpack]") {
    const auto absent = sha256_of_file("/no/such/file");
    CHECK(absent.error().what == "open /no/such/file: No such file or directory");
    CHECK(absent.error().code == Errc::system);
    CHECK(absent.error().sys_errno == ENOENT);
}
