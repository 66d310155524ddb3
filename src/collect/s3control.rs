//! S3's account-wide settings and access points, by signed requests of our own.

use trailaudit_checks::calls::{
    ApiCall, GET_ACCESS_POINT, GET_ACCESS_POINT_POLICY, GET_ACCOUNT_PUBLIC_ACCESS_BLOCK,
    LIST_ACCESS_POINTS,
};
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::ids::Arn;
use trailaudit_checks::inventory::PublicAccessBlock;
use trailaudit_checks::inventory::bucket::AccessPoint;

use super::ask::{Ask, Read, Target, malformed};
use super::signed::{Small, encoded, tag};

/// Block Public Access for the whole account.
pub(crate) async fn public_access_block(
    ask: &Ask,
    target: &Target,
) -> Fact<Option<PublicAccessBlock>> {
    const CALL: ApiCall = GET_ACCOUNT_PUBLIC_ACCESS_BLOCK;
    let account = target.account.as_str();
    let small = get(target, CALL, "/v20180820/configuration/publicAccessBlock".to_owned());
    let absent = &["NoSuchPublicAccessBlockConfiguration"];
    match small.ask(ask, target, account, absent).await {
        Known(None) => Known(None),
        some => some.read((target, CALL), |out| block(out.text())).map(Some),
    }
}

fn get(target: &Target, call: ApiCall, path: String) -> Small {
    let account = target.account.as_str();
    Small {
        signing_name: "s3",
        host: format!("{account}.s3-control"),
        headers: vec![("x-amz-account-id", account.to_owned())],
        ..Small::get(call, "s3", path)
    }
}

fn block(text: &str) -> Option<PublicAccessBlock> {
    let on = |name| Some(tag(text, name)? == "true");
    Some(PublicAccessBlock {
        block_public_acls: on("BlockPublicAcls")?,
        ignore_public_acls: on("IgnorePublicAcls")?,
        block_public_policy: on("BlockPublicPolicy")?,
        restrict_public_buckets: on("RestrictPublicBuckets")?,
    })
}

/// The access points that the bucket's own account has made on it.
pub(crate) async fn access_points(
    ask: &Ask,
    target: &Target,
    bucket: &str,
) -> Fact<Vec<AccessPoint>> {
    const CALL: ApiCall = LIST_ACCESS_POINTS;
    let mut points = Vec::new();
    let base = format!("/v20180820/accesspoint?bucket={}", encoded(bucket));
    let mut path = base.clone();
    // A bucket may have ten thousand; a listing that never ends is no listing.
    for _ in 0..100 {
        let answer = get(target, CALL, path).ask(ask, target, bucket, &[]).await;
        let page = answer.read((target, CALL), |out| {
            let text = out.text();
            // An empty list is written as an element too.
            tag(text, "AccessPointList").or_else(|| text.contains("<AccessPointList/>").then_some(""))?;
            let page: Option<Vec<_>> = text.split("<AccessPoint>").skip(1).map(listed).collect();
            Some((page?, tag(text, "NextToken").map(encoded)))
        });
        let (page, next) = match page {
            Known(page) => page,
            Unknown(gap) => return Unknown(gap),
        };
        for (name, arn, network_origin) in page {
            points.push(point(ask, target, name, arn, network_origin).await);
        }
        match next {
            Some(token) => path = format!("{base}&nextToken={token}"),
            None => return Known(points),
        }
    }
    Unknown(malformed(target, CALL, "the listing does not end"))
}

fn listed(text: &str) -> Option<(String, Arn, String)> {
    let field = |name| tag(text, name).map(str::to_owned);
    Some((field("Name")?, Arn::from(field("AccessPointArn")?), field("NetworkOrigin")?))
}

async fn point(
    ask: &Ask,
    target: &Target,
    name: String,
    arn: Arn,
    network_origin: String,
) -> AccessPoint {
    let path = format!("/v20180820/accesspoint/{}", encoded(&name));
    let about = arn.as_str();
    let details = get(target, GET_ACCESS_POINT, path.clone());
    let own = details.ask(ask, target, about, &[]).await;
    let policy = get(target, GET_ACCESS_POINT_POLICY, format!("{path}/policy"));
    let document = policy.ask(ask, target, about, &["NoSuchAccessPointPolicy"]).await;
    AccessPoint {
        public_access_block: own.read((target, GET_ACCESS_POINT), |out| Some(block(out.text()))),
        policy: document.map(|out| out.and_then(|out| tag(out.text(), "Policy").map(unescaped))),
        network_origin,
        name,
        arn,
    }
}

/// The five entities of XML, the ampersand last.
fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#34;", "\"")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_access_point_is_read() {
        let text = "<Name>a</Name><NetworkOrigin>VPC</NetworkOrigin>\
                    <AccessPointArn>arn:aws:s3:eu-west-1:1:accesspoint/a</AccessPointArn></AccessPoint>";
        let arn = Arn::from("arn:aws:s3:eu-west-1:1:accesspoint/a");
        assert_eq!(listed(text), Some(("a".to_owned(), arn, "VPC".to_owned())));
        assert_eq!(listed("<Name>a</Name>"), None);
        assert_eq!(unescaped("&quot;a&amp;quot;&quot;"), "\"a&quot;\"");
    }
}
