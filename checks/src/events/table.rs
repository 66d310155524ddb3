//! The table of events that the console exports (CSV): each row becomes a record of the fields that it has.

use super::text::write_string;

/// Columns, without case, blanks and hyphens, and the field of a record; a dot goes below `userIdentity`.
const COLUMNS: [(&str, &str); 16] = [
    ("eventid", "eventID"),
    ("eventtime", "eventTime"),
    ("eventname", "eventName"),
    ("eventsource", "eventSource"),
    ("eventtype", "eventType"),
    ("eventcategory", "eventCategory"),
    ("awsregion", "awsRegion"),
    ("sourceipaddress", "sourceIPAddress"),
    ("useragent", "userAgent"),
    ("errorcode", "errorCode"),
    ("errormessage", "errorMessage"),
    ("requestid", "requestID"),
    ("readonly", "readOnly"),
    ("recipientaccountid", "recipientAccountId"),
    ("username", ".userName"),
    ("awsaccesskey", ".accessKeyId"),
];

fn column(name: &str) -> Option<&'static str> {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|it| it.to_ascii_lowercase()).collect();
    let known = COLUMNS.iter().find(|(column, _)| *column == name);
    known.map(|(_, field)| *field)
}

/// Whether a line is the head of such a table: it has at least the name, the time and the source of events.
pub(super) fn is_header(line: &[u8]) -> bool {
    let (cells, _, _) = row(line);
    let fields: Vec<_> = cells.iter().filter_map(|it| column(it)).collect();
    ["eventName", "eventTime", "eventSource"]
        .iter()
        .all(|it| fields.contains(it))
}

/// Gives each row as the JSON of a record. Whether the table ends outside of a cell.
pub(super) fn records(text: &[u8], each: &mut dyn FnMut(String)) -> bool {
    let (header, mut rest, mut whole) = row(text);
    let fields: Vec<Option<&str>> = header.iter().map(|it| column(it)).collect();
    while !rest.is_empty() {
        let (cells, after, closed) = row(rest);
        whole = closed;
        rest = after;
        if cells.iter().all(String::is_empty) {
            continue;
        }
        let (mut top, mut identity) = (String::new(), String::new());
        for (field, cell) in fields.iter().zip(&cells) {
            let Some(field) = field else { continue };
            if cell.is_empty() {
                continue;
            }
            let (out, name) = match field.strip_prefix('.') {
                Some(name) => (&mut identity, name),
                None => (&mut top, *field),
            };
            if !out.is_empty() {
                out.push(',');
            }
            write_string(out, name);
            out.push(':');
            write_string(out, cell);
        }
        if !identity.is_empty() {
            let comma = if top.is_empty() { "" } else { "," };
            top = format!("{top}{comma}\"userIdentity\":{{{identity}}}");
        }
        each(format!("{{{top}}}"));
    }
    whole
}

/// The cells of the first row, what follows it, and whether its last cell was closed.
fn row(text: &[u8]) -> (Vec<String>, &[u8], bool) {
    let (mut cells, mut cell, mut quoted, mut at) = (Vec::new(), Vec::new(), false, 0);
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' if quoted && text.get(at) == Some(&b'"') => {
                cell.push(b'"');
                at += 1;
            }
            b'"' => quoted = !quoted,
            b',' if !quoted => cells.push(std::mem::take(&mut cell)),
            b'\n' if !quoted => break,
            byte => cell.push(*byte),
        }
    }
    if cell.last() == Some(&b'\r') {
        cell.pop();
    }
    cells.push(cell);
    let text_of = |cell: Vec<u8>| String::from_utf8_lossy(&cell).into_owned();
    (
        cells.into_iter().map(text_of).collect(),
        text.get(at..).unwrap_or_default(),
        !quoted,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_records() {
        let text = "User name,Event time,Event source,Event name,Resources\r\n\
            alice,2026-02-04T00:00:00Z,s3.amazonaws.com,\"Get\"\"x\",\"a,\nb\"\r\n\r\n\
            ,,s3.amazonaws.com,PutObject,\r\n";
        assert!(is_header(text.lines().next().unwrap().as_bytes()));
        assert!(!is_header(b"a,b,Event name"));
        let mut rows = Vec::new();
        assert!(records(text.as_bytes(), &mut |json| rows.push(json)));
        assert_eq!(
            rows,
            [
                r#"{"eventTime":"2026-02-04T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"Get\"x","userIdentity":{"userName":"alice"}}"#,
                r#"{"eventSource":"s3.amazonaws.com","eventName":"PutObject"}"#
            ]
        );
        assert!(!records(b"Event name\n\"open", &mut |_| {}));
    }
}
