//! Endpoints that stand in the place of AWS's own: named in every report, and warned about where others can listen.

use crate::terminal::Terminal;

/// The scheme, host and port of a URL: neither its path nor a password in it is anybody's business.
#[must_use]
pub fn host(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    format!("{}://{place}", scheme.to_ascii_lowercase())
}

/// Whoever is on the way can read and change what goes through it: it is not encrypted, and leaves this machine.
#[must_use]
pub fn is_open_to_others(url: &str) -> bool {
    let host = host(url);
    let Some(place) = host.strip_prefix("http://") else {
        return false;
    };
    let name = match place.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    };
    let is_loopback = match name.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    };
    !is_loopback
}

/// Whoever listens on the way can read the calls and give the answers.
pub(crate) fn warn(endpoints: &[String], terminal: Terminal) {
    for endpoint in endpoints {
        let url = endpoint.split(' ').next().unwrap_or_default();
        if is_open_to_others(url) {
            terminal.warn(&format!(
                "AWS was called without encryption, through {endpoint}: its responses are not proved to be AWS's"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_beyond_this_machine() {
        for (url, open) in [
            ("http://example.com", true),
            ("HTTP://example.com:4566/path", true),
            ("http://10.0.0.7:4566", true),
            ("http://127.0.0.1.example.com", true),
            ("http://localhost.example.com", true),
            ("http://user:pw@example.com", true),
            ("http://localhost@example.com", true),
            ("http://[2001:db8::1]:80", true),
            ("https://example.com", false),
            ("http://127.0.0.1:4566", false),
            ("http://127.8.9.1", false),
            ("http://localhost:4566", false),
            ("http://[::1]:4566", false),
        ] {
            assert_eq!(is_open_to_others(url), open, "{url}");
        }
    }

    #[test]
    fn no_password_is_named() {
        assert_eq!(
            host("https://user:secret@example.com:8443/a?token=x"),
            "https://example.com:8443"
        );
    }
}
