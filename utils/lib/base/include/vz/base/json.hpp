// SPDX-License-Identifier: GPL-2.0-or-later
// A JSON value (RFC 8259) with ordered members, small enough to include everywhere.
#pragma once

#include "vz/base/result.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace vz {

class Json {
public:
    using Array = std::vector<Json>;
    using Member = std::pair<std::string, Json>;
    using Object = std::vector<Member>;

    Json() = default; // null
    Json(bool value) : m_value(value) {}
    Json(std::int64_t value) : m_value(value) {}
    Json(std::uint64_t value) : m_value(value) {}
    Json(int value) : m_value(static_cast<std::int64_t>(value)) {}
    Json(unsigned value) : m_value(static_cast<std::uint64_t>(value)) {}
    Json(double value) : m_value(value) {}
    Json(std::string value) : m_value(std::move(value)) {}
    Json(std::string_view value) : m_value(std::string(value)) {}
    Json(const char* value) : m_value(std::string(value)) {}
    Json(Array value) : m_value(std::move(value)) {}
    Json(Object value) : m_value(std::move(value)) {}
    static Json strings(const std::vector<std::string>& values);

    bool is_null() const { return std::holds_alternative<std::monostate>(m_value); }
    const bool* as_bool() const { return std::get_if<bool>(&m_value); }
    const std::string* as_string() const { return std::get_if<std::string>(&m_value); }
    const Array* as_array() const { return std::get_if<Array>(&m_value); }
    const Object* as_object() const { return std::get_if<Object>(&m_value); }
    bool is_number() const;
    std::uint64_t as_uint(std::uint64_t otherwise = 0) const; // non-negative whole numbers only
    double as_double(double otherwise = 0) const;             // any number

    const Json* find(std::string_view key) const; // member of an object; null pointer if absent
    std::string string_or(std::string_view key, std::string otherwise = {}) const;
    void set(std::string key, Json value); // makes an object of a null; replaces an existing member
    void push(Json value);                 // makes an array of a null

    // Text; control characters and invalid UTF-8 are escaped (the latter as U+FFFD). `indent` < 0: on one
    // line.
    std::string dump(int indent = -1) const;

    // Foreign text: depth at most 64. Errc::bad_value with the place of the fault.
    static Result<Json> parse(std::string_view text);

private:
    std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object>
        m_value;
};

} // namespace vz
