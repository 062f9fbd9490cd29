// SPDX-License-Identifier: GPL-2.0-or-later
// Errors are values: Result<T> holds a T or an Error. Spelled like std::expected (C++23), which libstdc++ 12
// does not offer in C++20 mode, so that it can become an alias of it one day.
#pragma once

#include "vz/base/errc.hpp"
#include "vz/base/format.hpp"

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace vz {

struct Error {
    Errc code = Errc::failed;
    int sys_errno = 0; // errno of the failed call, 0 if none
    std::string what;  // names the operation and the object; no trailing dot, no newline

    // Prepends what was being attempted: "start 101: mount /x: No such file or directory".
    Error context(std::string_view doing) && {
        what = format("{}: {}", doing, what);
        return std::move(*this);
    }
    // Replaces the kind, for a caller who knows better which documented code applies.
    Error as(Errc other) && {
        code = other;
        return std::move(*this);
    }
};

template<class... Args>
Error fail(Errc code, format_string<Args...> text, Args&&... args) {
    return Error{code, 0, format(text, std::forward<Args>(args)...)};
}

// Error for a failed system call: `text` names call and object, strerror(err) is appended.
Error sys_error(int err, Errc code, std::string text);

template<class... Args>
Error sys_fail(int err, Errc code, format_string<Args...> text, Args&&... args) {
    return sys_error(err, code, format(text, std::forward<Args>(args)...));
}

template<class T>
class [[nodiscard]] Result {
public:
    using value_type = T;

    Result(T value) : m_state(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : m_state(std::in_place_index<1>, std::move(error)) {}
    template<class U>
    requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result<T>>) Result(U&& value)
        : m_state(std::in_place_index<0>, std::forward<U>(value)) {}

    bool has_value() const { return m_state.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& operator*() & { return std::get<0>(m_state); }
    const T& operator*() const& { return std::get<0>(m_state); }
    T&& operator*() && { return std::get<0>(std::move(m_state)); }
    T* operator->() { return &std::get<0>(m_state); }
    const T* operator->() const { return &std::get<0>(m_state); }

    const Error& error() const& { return std::get<1>(m_state); }
    Error&& error() && { return std::get<1>(std::move(m_state)); }

    T value_or(T other) const& { return has_value() ? **this : std::move(other); }
    Result context(std::string_view doing) && {
        return has_value() ? std::move(*this) : Result(std::move(*this).error().context(doing));
    }
    Result as(Errc code) && {
        return has_value() ? std::move(*this) : Result(std::move(*this).error().as(code));
    }

private:
    std::variant<T, Error> m_state;
};

template<>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    Result() = default;
    Result(Error error) : m_error(std::move(error)) {}

    bool has_value() const { return !m_error; }
    explicit operator bool() const { return has_value(); }
    const Error& error() const& { return *m_error; }
    Error&& error() && { return *std::move(m_error); }
    Result context(std::string_view doing) && {
        return has_value() ? Result() : Result(std::move(*this).error().context(doing));
    }
    Result as(Errc code) && { return has_value() ? Result() : Result(std::move(*this).error().as(code)); }

private:
    std::optional<Error> m_error;
};

} // namespace vz

#define VZ_CAT_(a, b) a##b
#define VZ_CAT(a, b) VZ_CAT_(a, b)

// Returns the error of `expr` from the enclosing function, if there is one. The counter keeps a use inside a
// lambda inside another use apart.
#define VZ_TRY(expr) VZ_TRY_(VZ_CAT(vz_try_, __COUNTER__), expr)
#define VZ_TRY_(tmp, expr)                                                                                   \
    do {                                                                                                     \
        if (auto tmp = (expr); !tmp)                                                                         \
            return std::move(tmp).error();                                                                   \
    } while (false)

// VZ_ASSIGN(auto x, expr): the value of `expr`, or return its error.
#define VZ_ASSIGN(lhs, expr) VZ_ASSIGN_(VZ_CAT(vz_result_, __COUNTER__), lhs, expr)
#define VZ_ASSIGN_(tmp, lhs, expr)                                                                           \
    auto tmp = (expr);                                                                                       \
    if (!tmp)                                                                                                \
        return std::move(tmp).error();                                                                       \
    lhs = *std::move(tmp)
