//! What is packed is read, and nothing else is.

use super::*;

fn of_log([bucket, key]: [&str; 2]) -> OfLog {
    [bucket, key, "111122223333", "us-east-1", "verified"].map(str::to_owned)
}

#[test]
fn what_is_packed_is_read() {
    let texts = ["", "a", "\u{0}\u{202e}x", &"y".repeat(70_000)];
    for (at, text) in texts.iter().enumerate() {
        for kind in KINDS {
            let text = |more: &str| format!("{text}{more}");
            let subject = Subject {
                kind,
                id: text("id"),
                name: text("name"),
                account: (at % 2 == 0).then(|| AccountId::from("1")),
                region: (at % 2 == 1).then(|| Region::from("r")),
                location: None,
            };
            let record = EventRecord {
                time: (at > 0).then(|| Timestamp::from_nanosecond(-7).unwrap()),
                id: text("1"),
                name: text("2"),
                source: text("3"),
                account: text("4"),
                region: text("5"),
                actor: text("6"),
                ip: text("7"),
                error: text("8"),
                proof: text("9"),
                bucket: text("10"),
                key: text("11"),
                index: u64::MAX,
            };
            let row = Row {
                kind,
                step: -2,
                refused: at == 1,
                alone: at == 2,
                proven: at == 3,
                of_actor: false,
                index: record.index,
                account: subject.account.as_ref().map(|it| it.as_str()),
                region: subject.region.as_ref().map(|it| it.as_str()),
                subject: [&subject.id, &subject.name],
                record: [
                    &record.id,
                    &record.name,
                    &record.source,
                    &record.account,
                    &record.region,
                    &record.actor,
                    &record.ip,
                    &record.error,
                    &record.proof,
                ],
            };
            let [group, value] = [text("group"), text("value")];
            let sort = Sort {
                number: 258,
                group: &group,
                time: record.time,
                id: &record.id,
                value: &value,
            };
            // They stand behind others.
            let (mut sorted, mut own, mut common) = (vec![7], vec![7], vec![7]);
            sort.pack(&mut sorted);
            let of_log = of_log([&record.bucket, &record.key]);
            row.pack(&sort, &of_log, &mut own);
            pack_common(&of_log, &mut common);
            let (sorted, own, common) = (&sorted[1..], &own[1..], &common[1..]);
            let read = Packed::read(sorted, [own, common]).unwrap();
            assert_eq!(read.sort.number, 258);
            assert_eq!(read.sort.head, [&[1, 2], read.sort.group].concat());
            let kept = |text: &str| text.replace('\0', "\u{1}").into_bytes();
            assert_eq!(
                (read.sort.group, read.sort.value),
                (&*kept(&group), &*kept(&value))
            );
            assert_eq!(read.subject(), Some(subject.clone()));
            assert_eq!(read.record(), Some(record.clone()));
            assert_eq!(
                (read.step, read.refused(), read.alone(), read.proven),
                (-2, at == 1, at == 2, at == 3)
            );
            assert_eq!(
                (read.subject_id(), read.account()),
                (
                    Some(subject.id.as_str().into()),
                    Some(record.account.as_str())
                )
            );
            // Nothing that is cut is read.
            let whole = |own: &[u8], common: &[u8]| Packed::read(sorted, [own, common])?.record();
            for end in [0, 2, 20, own.len() - 1] {
                assert!(whole(&own[..end], common).is_none());
            }
            // Behind the key are texts that this row does not have from there.
            let key_end = common.len() - 3 - "111122223333us-east-1verified".len();
            for end in [0, 1, key_end - 1] {
                assert!(whole(own, &common[..end]).is_none());
            }
            // Nor are bytes that are no text.
            let broken = |bytes: &[u8]| {
                let (_, rest) = bytes.split_last().unwrap();
                [rest, &[0xff]].concat()
            };
            assert!(whole(&broken(own), common).is_none());
            assert!(whole(own, &broken(&common[..key_end])).is_none());
            for end in [0, 1, 4, 12, sorted.len() - 1] {
                assert!(Packed::read(&sorted[..end], [own, common]).is_none());
            }
            let longer = [sorted, &[0]].concat();
            assert!(Packed::read(&longer, [own, common]).is_none());
        }
    }
}

#[test]
fn what_stands_elsewhere_is_not_written_again() {
    // The actor is the subject and the group; all stands in one account and region.
    let actor = "arn:aws:iam::111122223333:role/a";
    let whole = |group: &str, id: &str, of_actor: bool| {
        let about = |text| if of_actor { "" } else { text };
        let row = Row {
            kind: SubjectKind::Principal,
            step: 0,
            refused: false,
            alone: false,
            proven: true,
            of_actor,
            index: 1,
            account: (!of_actor).then_some("111122223333"),
            region: (!of_actor).then_some("us-east-1"),
            subject: [about(actor), about("a")],
            record: [
                id,
                "n",
                "s",
                "111122223333",
                "us-east-1",
                actor,
                "i",
                "",
                "p",
            ],
        };
        let sort = Sort {
            number: 1,
            group,
            time: None,
            id,
            value: "v",
        };
        let (mut sorted, mut own, mut common) = (Vec::new(), Vec::new(), Vec::new());
        sort.pack(&mut sorted);
        let of_log = of_log(["b", "k"]);
        row.pack(&sort, &of_log, &mut own);
        pack_common(&of_log, &mut common);
        let read = Packed::read(&sorted, [&own, &common]).unwrap();
        let (subject, record) = (read.subject().unwrap(), read.record().unwrap());
        assert_eq!((&*subject.id, &*subject.name), (actor, "a"));
        assert_eq!(read.subject_id().as_deref(), Some(actor));
        assert_eq!(subject.account.as_ref().unwrap().as_str(), "111122223333");
        assert_eq!((&*record.id, &*record.actor), (id, actor));
        assert_eq!(
            (&*record.account, &*record.region),
            ("111122223333", "us-east-1")
        );
        own.len() - HEAD - SOURCES.len()
    };
    // The row's place in the log, and four texts of one byte: account and region are those of the log.
    for of_actor in [false, true] {
        assert_eq!(whole(actor, "e-1", of_actor), 1 + 4);
        assert_eq!(whole(&format!("b {actor}"), "e-1", of_actor), 1 + 4);
        // What the row is sorted by has no NUL: the id stands for itself.
        assert_eq!(whole(actor, "e\0", of_actor), 1 + 4 + 2);
    }
    assert_eq!(whole("another", "e-1", false), 1 + 4 + 2 * actor.len());
    assert_eq!(whole("another", "e-1", true), 1 + 4 + actor.len());
}
