// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"

#include "vz/templates/manifest.hpp"

using namespace vz;
using namespace vz::templates;

namespace {

Manifest sample() {
    Manifest out;
    out.name = "debian-13-x86_64-minimal";
    out.archive = "debian-13-x86_64-minimal.tar.zst";
    out.sha256 = std::string(64, 'a');
    out.size = 12345;
    out.origin = "build";
    out.distribution = "debian";
    out.suite = "trixie";
    out.architecture = "amd64";
    out.recipe_sha256 = std::string(64, 'b');
    out.date = 1757000000;
    out.tool = "vztemplate 1.0.0";
    out.sources = {"http://deb.example.org/debian trixie main"};
    out.packages = {{"apt", "3.0.3", "amd64"}, {"bash", "5.2.37-2+b5", "amd64"}};
    return out;
}

bool refused(Json json) {
    const auto result = parse_manifest(json.dump());
    return !result && result.error().code == Errc::bad_template;
}

Json with(const char* key, Json value) {
    auto json = to_json(sample());
    json.set(key, std::move(value));
    return json;
}

} // namespace

TEST_CASE("a manifest survives writing and reading", "[templates]") {
    const auto again = parse_manifest(manifest_text(sample()));
    REQUIRE(again);
    CHECK(manifest_text(*again) == manifest_text(sample()));
    CHECK(again->packages == sample().packages);
    CHECK(again->date == 1757000000);
    CHECK(to_json(sample()).string_or("date") == "2025-09-04T15:33:20Z");
}

TEST_CASE("unknown members of a manifest are ignored", "[templates]") {
    CHECK_FALSE(refused(with("later", 1)));
}

TEST_CASE("hostile manifests are refused", "[templates]") {
    CHECK(refused(with("name", "../x")));
    CHECK(refused(with("name", "other")));
    CHECK(refused(with("archive", "../../etc/passwd")));
    CHECK(refused(with("archive", "other.tar.zst")));
    CHECK(refused(with("sha256", "abc")));
    CHECK(refused(with("sha256", std::string(64, 'A'))));
    CHECK(refused(with("size", "big")));
    CHECK(refused(with("format", 2)));
    CHECK(refused(with("suite", "trixie\n[evil]")));
    CHECK(refused(with("tool", "\x1b[2J")));
    CHECK(refused(with("origin", std::string(5000, 'x'))));
    CHECK(refused(with("packages", "none")));
    CHECK(refused(with("packages", Json::Array{Json("apt")})));
    CHECK(refused(with("packages", Json::Array{Json::Object{{"name", "x\ny"}, {"version", "1"}}})));
    CHECK(refused(with("sources", Json::Array{Json(1)})));
    for (const char* text : {"", "[]", "null", "{}", "{", "{\"format\":1}"})
        CHECK_FALSE(parse_manifest(text));
}
