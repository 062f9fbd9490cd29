// SPDX-License-Identifier: GPL-2.0-or-later
// The program that is run in a container.
#pragma once

#include "vz/engine/engine.hpp"

#include <string>
#include <vector>

namespace vz::engine {

// For execve(2): ends with a null pointer; borrows the strings.
std::vector<char*> pointers(const std::vector<std::string>& strings);

// Everything the attached child needs, ready before it exists; borrows from the request.
struct Payload {
    std::vector<std::vector<char*>> candidates;
    std::vector<char*> environment;
};

Payload make_payload(const AttachRequest& request);

// lxc_attach_exec_t, inside the container: `data` is a Payload. Returns only when none of the candidates can
// be executed, with the status that a shell would have.
int execute_payload(void* data);

} // namespace vz::engine
