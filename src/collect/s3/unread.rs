//! What an answer says and the SDK's shapes drop: an element that they do not know may narrow a rule.
//!
//! S3 adds elements to its filters, such as `Not`, that the pinned SDK does not know. Such a rule would look as if it took
//! every object.

/// What is known of a replication rule, below it; a name that ends in `/` stands for all that is below it as well.
const KNOWN: &[&str] = &[
    "ID",
    "Priority",
    "Prefix",
    "Status",
    "Filter",
    "Filter/Prefix",
    "Filter/Tag/",
    "Filter/And",
    "Filter/And/Prefix",
    "Filter/And/Tag/",
    "SourceSelectionCriteria",
    "SourceSelectionCriteria/SseKmsEncryptedObjects",
    "SourceSelectionCriteria/SseKmsEncryptedObjects/Status",
    "SourceSelectionCriteria/ReplicaModifications/",
    "ExistingObjectReplication/",
    "DeleteMarkerReplication",
    "DeleteMarkerReplication/Status",
    "Destination/",
];

/// For each rule of a replication configuration: the elements that are not known, by path.
pub(super) fn of_rules(xml: &str) -> Vec<Vec<String>> {
    let mut rules: Vec<Vec<String>> = Vec::new();
    let mut path: Vec<&str> = Vec::new();
    let mut rest = xml;
    while let Some((_, markup)) = rest.split_once('<') {
        let end = match markup {
            it if it.starts_with("!--") => "-->",
            it if it.starts_with("![CDATA[") => "]]>",
            _ => ">",
        };
        let Some((tag, after)) = markup.split_once(end) else {
            break;
        };
        rest = after;
        if tag.starts_with(['!', '?']) {
            continue;
        }
        if tag.starts_with('/') {
            path.pop();
            continue;
        }
        let name = tag.split(|it: char| it.is_whitespace() || it == '/').next();
        // A prefix names the namespace, of which there is one.
        let name = name.and_then(|it| it.rsplit(':').next());
        path.push(name.unwrap_or_default());
        if let ["ReplicationConfiguration", "Rule", below @ ..] = path.as_slice() {
            match (below, rules.last_mut()) {
                ([], _) => rules.push(Vec::new()),
                (below, Some(unread)) => note(below, unread),
                (_, None) => {}
            }
        }
        if tag.ends_with('/') {
            path.pop();
        }
    }
    rules
}

fn note(below: &[&str], unread: &mut Vec<String>) {
    let path = below.join("/");
    let known = KNOWN.iter().any(|known| match known.strip_suffix('/') {
        Some(whole) => path == whole || path.starts_with(known),
        None => path == *known,
    });
    let dotted = below.join(".");
    // What is below an element that is not known is told with it.
    let within = |it: &String| dotted == *it || dotted.starts_with(&format!("{it}."));
    if !known && !unread.iter().any(within) {
        unread.push(dotted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(inner: &str) -> Vec<Vec<String>> {
        let space = "http://s3.amazonaws.com/doc/2006-03-01/";
        let head = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
        of_rules(&format!(
            r#"{head}<ReplicationConfiguration xmlns="{space}"><Role>r</Role>{inner}</ReplicationConfiguration>"#
        ))
    }

    /// By the API reference of S3: ReplicationRule, and the operators of its filter.
    #[test]
    fn filters_that_leave_objects_out() {
        for (inner, unread) in [
            ("<Filter/>", None),
            ("<Filter></Filter>", None),
            ("<Prefix></Prefix>", None),
            ("<Filter><Prefix>a</Prefix></Filter>", None),
            (
                "<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>",
                None,
            ),
            (
                "<Filter><And><Prefix>a</Prefix><Tag><Key>k</Key></Tag></And></Filter>",
                None,
            ),
            (
                "<Filter><Not><Prefix>AWSLogs/</Prefix></Not></Filter>",
                Some("Filter.Not"),
            ),
            (
                "<Filter>\n  <Not >\n<Or><Prefix>AWSLogs/</Prefix></Or></Not></Filter>",
                Some("Filter.Not"),
            ),
            (
                "<Filter><And><Prefix>AWS</Prefix><Not><Tag/></Not></And></Filter>",
                Some("Filter.And.Not"),
            ),
            ("<s3:Filter><s3:Not/></s3:Filter>", Some("Filter.Not")),
            (
                "<Filter><ObjectSizeLessThan>1</ObjectSizeLessThan></Filter>",
                Some("Filter.ObjectSizeLessThan"),
            ),
            (
                "<SourceSelectionCriteria><Other><Status>Enabled</Status></Other></SourceSelectionCriteria>",
                Some("SourceSelectionCriteria.Other"),
            ),
            ("<!-- <Filter><Not/></Filter> -->", None),
            ("<ID><![CDATA[<Filter><Not/></Filter>]]></ID>", None),
            (
                "<Destination><Bucket>b</Bucket><Metrics><Status>x</Status></Metrics></Destination>",
                None,
            ),
        ] {
            let expected: Vec<String> = unread.into_iter().map(str::to_owned).collect();
            let given = format!("<Rule>{inner}<Status>Enabled</Status></Rule>");
            assert_eq!(rules(&given), [expected], "{inner}");
        }
    }

    #[test]
    fn rules_are_told_apart() {
        let two = "<Rule><Filter><Not/></Filter></Rule><Rule><Filter/></Rule>";
        assert_eq!(rules(two), [vec!["Filter.Not".to_owned()], vec![]]);
        assert_eq!(rules(""), Vec::<Vec<String>>::new());
        for odd in [
            "",
            "<",
            "<Rule",
            "<Rule><",
            "</></Rule>",
            "<!--",
            "<Rule></Rule>",
        ] {
            assert!(of_rules(odd).is_empty(), "{odd}");
        }
    }
}
