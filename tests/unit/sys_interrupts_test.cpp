// SPDX-License-Identifier: GPL-2.0-or-later
// Work that signals interrupt: in a process of its own, as it ends by the signal.
#include "catch.hpp"

#include "vz/sys/fd.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/interrupts.hpp"
#include "vz/sys/process.hpp"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace vz;

namespace {

struct Ending {
    int status = 0;   // of waitpid(2)
    std::string told; // what the process wrote to the pipe
};

// Runs `body` in a child, sends it `number` when it says the first thing, and collects what it says.
Ending ended_by(int number, const std::function<void(int pipe)>& body) {
    auto pipe = sys::make_pipe();
    const pid_t pid = ::fork();
    if (pid == 0) {
        pipe->read.reset();
        for (const int mine : {SIGTERM, SIGINT, SIGHUP}) // Catch has handlers for some
            ::signal(mine, SIG_DFL);
        body(pipe->write.get());
        ::_exit(0);
    }
    pipe->write.reset();
    Ending out;
    char c = 0;
    if (::read(pipe->read.get(), &c, 1) == 1)
        out.told = c;
    ::kill(pid, number);
    out.told += *sys::read_all(pipe->read.get(), 1000); // to the end: all that could write are gone
    ::waitpid(pid, &out.status, 0);
    return out;
}

void say(int pipe, const char* word) {
    (void)!::write(pipe, word, 1);
}

// Says "w", waits for ever in a program, and would say "d" for done; "c" is the clean-up.
void work_for_ever(int pipe) {
    const sys::Interrupts interrupts;
    const auto done = interrupts.run(
        [&]() -> Result<std::string> {
            say(pipe, "w");
            // A grandchild that outlives its parent, and holds the pipe open until it ends.
            if (::fork() == 0) {
                ::signal(SIGTERM, SIG_IGN);
                for (;;)
                    ::pause();
            }
            VZ_TRY(sys::run(sys::Command({"sleep", "1000"})));
            say(pipe, "d");
            return std::string();
        },
        [&] { say(pipe, "c"); });
    say(pipe, !done && done.error().sys_errno == EINTR ? "e" : "?");
}

} // namespace

TEST_CASE("a signal ends the work, cleans up, and then takes effect", "[sys]") {
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        const auto end = ended_by(number, work_for_ever);
        CHECK(end.told == "wce");
        REQUIRE(WIFSIGNALED(end.status));
        CHECK(WTERMSIG(end.status) == number);
    }
}

TEST_CASE("a signal that is ignored stays ignored", "[sys]") {
    const auto end = ended_by(SIGHUP, [](int pipe) {
        ::signal(SIGHUP, SIG_IGN);
        const sys::Interrupts interrupts;
        const auto done = interrupts.run(
            [&]() -> Result<std::string> {
                say(pipe, "w");
                VZ_TRY(sys::run(sys::Command({"sleep", "0.2"})));
                return std::string("x");
            },
            [&] { say(pipe, "c"); });
        say(pipe, done && *done == "x" ? "d" : "?");
    });
    CHECK(end.told == "wd");
    CHECK(WIFEXITED(end.status));
}

TEST_CASE("a signal after the work is dropped when asked to", "[sys]") {
    const auto body = [](bool drop) {
        return [drop](int pipe) {
            const sys::Interrupts interrupts;
            const auto done = interrupts.run([] { return std::string("x"); }, [] {});
            say(pipe, done ? "w" : "?");
            ::usleep(200000); // the signal comes
            if (drop)
                interrupts.drop();
        };
    };
    CHECK(WIFEXITED(ended_by(SIGTERM, body(true)).status));
    CHECK(WIFSIGNALED(ended_by(SIGTERM, body(false)).status));
}

TEST_CASE("work that is killed is cleaned up after as well", "[sys]") {
    const sys::Interrupts interrupts;
    bool cleaned = false;
    const auto done = interrupts.run(
        []() -> Result<std::string> {
            ::kill(::getpid(), SIGKILL);
            return std::string();
        },
        [&] { cleaned = true; });
    CHECK(cleaned);
    REQUIRE_FALSE(done);
    CHECK(done.error().sys_errno == EINTR);
}

TEST_CASE("errors of the work are passed on and clean nothing up", "[sys]") {
    const sys::Interrupts interrupts;
    bool cleaned = false;
    const auto done = interrupts.run([]() -> Result<std::string> { return fail(Errc::name, "no {}", 1); },
                                     [&] { cleaned = true; });
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Errc::name);
    CHECK(done.error().what == "no 1");
    CHECK_FALSE(cleaned);
}
