// SPDX-License-Identifier: GPL-2.0-or-later
// Running containers: start, stop, and programs inside. The only implementation is on liblxc.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/fd.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace vz::engine {

// A program to run inside, in all of the container's namespaces, with a clean environment and none of our
// descriptors.
struct AttachRequest {
    // The first of these that exists in the container is executed.
    std::vector<std::vector<std::string>> candidates;
    std::vector<std::string> environment; // the whole of it
    bool terminal = false; // on a pty of the container, relayed to ours, with window size and signals
    std::string input;     // if `use_input`: standard input is this text; else ours, relayed
    bool use_input = false;
    std::optional<std::chrono::milliseconds> timeout; // not with a terminal: then SIGKILL for the program
};

// A terminal that the container's monitor holds: /dev/console or /dev/ttyN inside.
struct Console {
    sys::Fd hold;   // it is ours as long as this is open
    sys::Fd master; // what is written there is typed inside
};

// Images of processes, as criu(8) wrote them.
struct RestoreRequest {
    std::string images;                   // folder
    std::string hook;                     // program that CRIU runs at its stages
    std::vector<std::string> environment; // of both, besides PATH
};

class Engine {
public:
    virtual ~Engine() = default;

    // Starts the container whose configuration lies in DIR/NAME/config, in the background, and returns when
    // its init runs. Errc::environment with what the engine's log says; Errc::running: it has one that
    // watches over it already, wherever that one is.
    virtual Result<void> start(const std::string& name) = 0;

    // As start(), but the processes are those of the images. The process that watches over the container is
    // no child of ours, and holds none of our descriptors. If we are killed meanwhile, it goes on.
    virtual Result<void> restore(const std::string& name, const RestoreRequest& request) = 0;

    // Runs `request` instead of an init, in the foreground; its exit status.
    virtual Result<int> run_alone(const std::string& name, const AttachRequest& request) = 0;

    virtual bool is_running(const std::string& name) = 0;

    // Asks the init to halt and waits; false if it has not after `seconds`.
    virtual Result<bool> halt(const std::string& name, unsigned seconds) = 0;
    virtual Result<void> kill(const std::string& name) = 0;

    // Stops all its processes where they are, until thaw(), which also ends what a killed freeze() began.
    virtual Result<void> freeze(const std::string& name) = 0;
    virtual Result<void> thaw(const std::string& name) = 0;

    // tty 0 is the console. Errc::devices if the container was started without, or somebody else has it.
    virtual Result<Console> open_console(const std::string& name, int tty) = 0;

    // Changes a control group file of a running container ("devices.allow", "c 10:200 rw"), whatever the
    // host's version of control groups makes of it. Errc::devices.
    virtual Result<void> set_group_item(const std::string& name, const std::string& item,
                                        const std::string& value) = 0;

    // Runs a program inside, within the process limits (setrlimit(2)) that the container's init has; its exit
    // status (128 + N if signal N ended it). 127 if no candidate could be
    // executed.
    virtual Result<int> attach(const std::string& name, const AttachRequest& request) = 0;
};

// `lxc_dir`: folder of the generated configurations.
std::unique_ptr<Engine> make_lxc_engine(std::string lxc_dir);

} // namespace vz::engine
