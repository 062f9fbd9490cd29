// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/unpack/unpack.hpp"

#include "ask.hpp"
#include "vz/base/json.hpp"
#include "vz/base/text.hpp"

namespace vz::unpack {

namespace {

Result<archive::Summary> work_on(std::string verb, const archive::ExtractRequest& request) {
    const int target = request.target.fd();
    const int userns = request.userns.get();
    VZ_ASSIGN(const auto answer,
              ask({std::move(verb), request.file, std::to_string(target), std::to_string(userns),
                   std::to_string(request.limits.max_entries), std::to_string(request.limits.max_bytes)},
                  {target, userns}, request.reporter));
    const auto fields = text::words(answer);
    if (fields.size() != 2)
        return fail(Errc::internal, "{}: bad answer of vz-unpack", request.file);
    return archive::Summary{text::to_uint(fields[0]).value_or(0), text::to_uint(fields[1]).value_or(0)};
}

} // namespace

Result<archive::Summary> extract(const archive::ExtractRequest& request) {
    return work_on("extract", request);
}

Result<archive::Summary> check(const archive::ExtractRequest& request) {
    return work_on("check", request);
}

Result<archive::Summary> compare(const archive::ExtractRequest& request) {
    return work_on("compare", request);
}

Result<std::map<std::string, std::string>> peek(const archive::ExtractRequest& request,
                                                const std::string& folder) {
    const int target = request.target.fd();
    const int userns = request.userns.get();
    VZ_ASSIGN(const auto answer,
              ask({"peek", request.file, std::to_string(target), std::to_string(userns), folder},
                  {target, userns}, request.reporter));
    VZ_ASSIGN(const auto json, Json::parse(answer));
    std::map<std::string, std::string> out;
    if (json.as_object())
        for (const auto& [name, content] : *json.as_object())
            if (content.as_string())
                out.emplace(name, *content.as_string());
    return out;
}

Result<std::string> sha256_of_file(const std::string& path, Reporter& reporter) {
    return ask({"sha256", path}, {}, reporter);
}

} // namespace vz::unpack
