"""Expressions of `events search`, and what each means, by hand: for jq and for DuckDB.

jq has the record as its input, DuckDB the column `r` of JSON. Both say true or false; no value is false.
"""

# What several translations need.
JQ = r"""
def low: if . == null then "" else tostring | ascii_downcase end;
def params: .requestParameters | if type == "object" then . else {} end;
def response: .responseElements | if type == "object" then . else {} end;
def values_of: if type == "array" then .[] | values_of else . end;
# What a string test sees: every element of an array, and compact JSON.
def texts: if . == null then empty elif type == "string" then . elif type == "array" then tojson, (.[] | texts)
    else tojson end;
def any_text(test): [texts | test] | any;
def instant: if type != "string" then null
    else (sub(" "; "T") | sub("\\.[0-9]+"; "") | sub("Z$"; ""))
        | if test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}$") then . else null end end;
def octets: if type == "string" and test("^(0|[1-9][0-9]*)(\\.(0|[1-9][0-9]*)){3}$") then split(".") | map(tonumber) else null end;
def response_error: response | .__type // (if .ConsoleLogin == "Failure" or .SwitchRole == "Failure" then "Failure" else null end);
def error: if (.errorCode // "") != "" then .errorCode else response_error end;
def denied: (error // "") | low | startswith("accessdenied") or contains("unauthorized") or startswith("notauthorized")
    or . == "vpceaccessdenied" or (startswith("kms") and contains("accessdenied"));
def category: .eventCategory // (if .eventType == "AwsCloudTrailInsight" then "Insight"
    elif .managementEvent == false or .managementEvent == "false" then "Data" else "Management" end);
def mfa: if (.additionalEventData | type) == "object" and (.additionalEventData | has("MFAUsed"))
    then (.additionalEventData.MFAUsed | low) == "yes"
    else .userIdentity.sessionContext.attributes.mfaAuthenticated | if . == null then null else low == "true" end end;
"""

SQL = r"""
create macro low(x) as coalesce(lower(x), '');
create macro octet(ip, n) as try_cast(split_part(ip, '.', n) as integer);
create macro is_v4(ip) as coalesce(regexp_full_match(ip, '(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){3}'), false);
create macro instant(t) as try_cast(replace(replace(t, ' ', 'T'), 'Z', '') as timestamp);
create macro error(r) as coalesce(nullif(r->>'$.errorCode', ''), r->>'$.responseElements.__type',
    case when r->>'$.responseElements.ConsoleLogin' = 'Failure' or r->>'$.responseElements.SwitchRole' = 'Failure' then 'Failure' end);
create macro denied(r) as regexp_matches(low(error(r)), '^accessdenied|unauthorized|^notauthorized|^vpceaccessdenied$|^kms.*accessdenied');
create macro used(r) as lower(coalesce(case r->>'$.additionalEventData.MFAUsed' when 'Yes' then 'true' when 'No' then 'false' end,
    r->>'$.userIdentity.sessionContext.attributes.mfaAuthenticated'));
create macro category(r) as coalesce(r->>'$.eventCategory', case when r->>'$.eventType' = 'AwsCloudTrailInsight' then 'Insight'
    when r->>'$.managementEvent' = 'false' then 'Data' else 'Management' end);
"""

# Expression, jq, DuckDB.
EXPRESSIONS = [
    ("name = StopLogging", '(.eventName|low) == "stoplogging"', "low(r->>'$.eventName') = 'stoplogging'"),
    ("name = stoplogging or name = STARTLOGGING", '.eventName|low | . == "stoplogging" or . == "startlogging"',
     "low(r->>'$.eventName') in ('stoplogging', 'startlogging')"),
    ("name = Describe* and region = us-east-1", '(.eventName|low|startswith("describe")) and .awsRegion == "us-east-1"',
     "r->>'$.eventName' ilike 'describe%' and r->>'$.awsRegion' = 'us-east-1'"),
    ("name = *Snapshot*", '.eventName|low|contains("snapshot")', "r->>'$.eventName' ilike '%snapshot%'"),
    ("name = Get??????", '.eventName|low|test("^get.{6}$")', "r->>'$.eventName' ilike 'get______'"),
    ("name == assumerole", '.eventName == "assumerole"', "r->>'$.eventName' = 'assumerole'"),
    ("eventName == AssumeRole", '.eventName == "AssumeRole"', "r->>'$.eventName' = 'AssumeRole'"),
    ("name != AssumeRole and source = sts.amazonaws.com", '.eventName != "AssumeRole" and .eventSource == "sts.amazonaws.com"',
     "r->>'$.eventName' is distinct from 'AssumeRole' and r->>'$.eventSource' = 'sts.amazonaws.com'"),
    ("source in (iam.amazonaws.com, sts.amazonaws.com)", '.eventSource | . == "iam.amazonaws.com" or . == "sts.amazonaws.com"',
     "r->>'$.eventSource' in ('iam.amazonaws.com', 'sts.amazonaws.com')"),
    ("not source = ec2.amazonaws.com", '.eventSource != "ec2.amazonaws.com"',
     "r->>'$.eventSource' is distinct from 'ec2.amazonaws.com'"),
    ("region in (us-east-*, eu-central-1)", '.awsRegion|low | startswith("us-east-") or . == "eu-central-1"',
     "r->>'$.awsRegion' like 'us-east-%' or r->>'$.awsRegion' = 'eu-central-1'"),
    ("errorCode exists", ".errorCode != null", "r->>'$.errorCode' is not null"),
    ("error = *NotFound*", 'error|low|contains("notfound")', "error(r) ilike '%notfound%'"),
    ("failed", "error != null", "error(r) is not null"),
    ("denied", "denied", "denied(r)"),
    ("failed and not denied", "error != null and (denied|not)", "error(r) is not null and not denied(r)"),
    ("readOnly = true", '(.readOnly|low) == "true"', "low(r->>'$.readOnly') = 'true'"),
    ("readOnly = false and name = Create*", '(.readOnly|if . == null then "" else tostring end) == "false" and (.eventName|low|startswith("create"))',
     "r->>'$.readOnly' = 'false' and r->>'$.eventName' ilike 'create%'"),
    ("managementEvent = false", ".managementEvent == false", "r->>'$.managementEvent' = 'false'"),
    ("eventVersion = 1.08", '.eventVersion == "1.08"', "r->>'$.eventVersion' = '1.08'"),
    ("eventVersion > 1.08", "(.eventVersion|tonumber) > 1.08", "try_cast(r->>'$.eventVersion' as double) > 1.08"),
    ("category = Data", 'category == "Data"', "category(r) = 'Data'"),
    ("category = management", 'category == "Management"', "category(r) = 'Management'"),
    ("account = 330114587531", '.recipientAccountId == "330114587531"', "r->>'$.recipientAccountId' = '330114587531'"),
    ("recipientAccountId = 1* and not account = 111122223333",
     '(.recipientAccountId|low|startswith("1")) and .recipientAccountId != "111122223333"',
     "r->>'$.recipientAccountId' like '1%' and r->>'$.recipientAccountId' <> '111122223333'"),
    ("ip = 203.0.113.52", '.sourceIPAddress == "203.0.113.52"', "r->>'$.sourceIPAddress' = '203.0.113.52'"),
    ("ip in (cidr 203.0.113.0/24)", '.sourceIPAddress|octets | . != null and .[0:3] == [203,0,113]',
     "is_v4(r->>'$.sourceIPAddress') and r->>'$.sourceIPAddress' like '203.0.113.%'"),
    ("ip in (cidr 10.0.0.0/8, cidr 192.168.0.0/16)", '.sourceIPAddress|octets | . != null and (.[0] == 10 or .[0:2] == [192,168])',
     "is_v4(r->>'$.sourceIPAddress') and (octet(r->>'$.sourceIPAddress', 1) = 10 or r->>'$.sourceIPAddress' like '192.168.%')"),
    ("ip in (cidr 203.0.113.64/26)", '.sourceIPAddress|octets | . != null and .[0:3] == [203,0,113] and .[3] >= 64 and .[3] < 128',
     "r->>'$.sourceIPAddress' like '203.0.113.%' and octet(r->>'$.sourceIPAddress', 4) between 64 and 127"),
    ("ip = *.amazonaws.com", '.sourceIPAddress|low|endswith(".amazonaws.com")', "r->>'$.sourceIPAddress' ilike '%.amazonaws.com'"),
    ("ip exists and ip not in (cidr 0.0.0.0/0)", '.sourceIPAddress != null and (.sourceIPAddress|octets) == null',
     "r->>'$.sourceIPAddress' is not null and not is_v4(r->>'$.sourceIPAddress')"),
    ("agent contains terraform", '.userAgent|low|contains("terraform")', "r->>'$.userAgent' ilike '%terraform%'"),
    ("agent startswith Stratus-Red-Team_", '.userAgent|low|startswith("stratus-red-team_")',
     "starts_with(low(r->>'$.userAgent'), 'stratus-red-team_')"),
    ("agent endswith ')'", '.userAgent|low|endswith(")")', "r->>'$.userAgent' like '%)'"),
    (r"agent ~ /aws-cli\/[12]\./", r'.userAgent // "" | test("aws-cli/[12]\\.")', r"regexp_matches(r->>'$.userAgent', 'aws-cli/[12]\.')"),
    ("agent ~ /^MOZILLA/i", '.userAgent // "" | test("^mozilla"; "i")', "regexp_matches(r->>'$.userAgent', '^mozilla', 'i')"),
    ("userIdentity.type = IAMUser", '.userIdentity.type == "IAMUser"', "r->>'$.userIdentity.type' = 'IAMUser'"),
    ("userIdentity.type = AssumedRole and userIdentity.sessionContext.sessionIssuer.userName exists",
     '.userIdentity.type == "AssumedRole" and .userIdentity.sessionContext.sessionIssuer.userName != null',
     "r->>'$.userIdentity.type' = 'AssumedRole' and r->>'$.userIdentity.sessionContext.sessionIssuer.userName' is not null"),
    ("root", '.userIdentity.type == "Root"', "r->>'$.userIdentity.type' = 'Root'"),
    ("userIdentity.invokedBy exists", ".userIdentity.invokedBy != null", "r->>'$.userIdentity.invokedBy' is not null"),
    ("userIdentity.arn = *:user/mary", '.userIdentity.arn|low|endswith(":user/mary")', "r->>'$.userIdentity.arn' like '%:user/mary'"),
    ("userIdentity.sessionContext.attributes.mfaAuthenticated = true",
     '(.userIdentity.sessionContext.attributes.mfaAuthenticated|low) == "true"',
     "low(r->>'$.userIdentity.sessionContext.attributes.mfaAuthenticated') = 'true'"),
    ("mfa = false", "mfa == false", "used(r) = 'false'"),
    ("mfa", "mfa == true", "used(r) = 'true'"),
    ("requestParameters.bucketName exists", 'params.bucketName != null',
     "r->>'$.requestParameters.bucketName' is not null"),
    ("requestParameters.bucketName = *bucket*", '.requestParameters|type == "object" and (.bucketName|low|contains("bucket"))',
     "r->>'$.requestParameters.bucketName' ilike '%bucket%'"),
    ("requestParameters.filterSet.items.name = resource-type", '[params.filterSet.items[]?.name] | any(. == "resource-type")',
     "list_contains(r->>'$.requestParameters.filterSet.items[*].name', 'resource-type')"),
    ("requestParameters.instancesSet.items.instanceId = i-044b1baf4c96e1b62",
     '[params.instancesSet.items[]?.instanceId] | any(. == "i-044b1baf4c96e1b62")',
     "list_contains(r->>'$.requestParameters.instancesSet.items[*].instanceId', 'i-044b1baf4c96e1b62')"),
    ("requestParameters.names contains credentials-10", 'params.names? | any_text(low|contains("credentials-10"))',
     "r->>'$.requestParameters.names' ilike '%credentials-10%'"),
    ("requestParameters.names[0] = *credentials-1", 'params.names?[0]|low|endswith("credentials-1")',
     "r->>'$.requestParameters.names[0]' like '%credentials-1'"),
    ("requestParameters.maxResults >= 1000", 'params.maxResults? // -1 | tonumber >= 1000',
     "try_cast(r->>'$.requestParameters.maxResults' as double) >= 1000"),
    ("requestParameters.maxResults < 1000", 'params.maxResults? // 1e9 | tonumber < 1000',
     "try_cast(r->>'$.requestParameters.maxResults' as double) < 1000"),
    ("""requestParameters.bucketPolicy contains '"Principal":{"AWS":"*"}'""",
     r'params.bucketPolicy? | any_text(contains("\"Principal\":{\"AWS\":\"*\"}"))',
     """r->>'$.requestParameters.bucketPolicy' like '%"Principal":{"AWS":"*"}%'"""),
    ("requestParameters contains 0.0.0.0/0", '.requestParameters | any_text(contains("0.0.0.0/0"))',
     "r->>'$.requestParameters' like '%0.0.0.0/0%'"),
    ('requestParameters.policy = ""', '[params.policy?|values_of] | any(. == "")',
     """r->>'$.requestParameters.policy' = '' or (json_type(r, '$.requestParameters.policy') = 'ARRAY'
        and list_contains(r->>'$.requestParameters.policy[*]', ''))"""),
    ("requestParameters.policy contains 'enable iam user'", 'params.policy? | any_text(low|contains("enable iam user"))',
     "r->>'$.requestParameters.policy' ilike '%enable iam user%'"),
    ("responseElements.ConsoleLogin = Failure", 'response.ConsoleLogin? == "Failure"', "r->>'$.responseElements.ConsoleLogin' = 'Failure'"),
    ("responseElements.credentials.accessKeyId = ASIA*", 'response.credentials.accessKeyId?|low|startswith("asia")',
     "r->>'$.responseElements.credentials.accessKeyId' ilike 'asia%'"),
    ("additionalEventData.MFAUsed = no", '(.additionalEventData.MFAUsed?|low) == "no"', "low(r->>'$.additionalEventData.MFAUsed') = 'no'"),
    ("resources.ARN = arn:aws:s3:::*", '[.resources|arrays|.[]|objects|.ARN|strings|startswith("arn:aws:s3:::")]|any',
     "len(list_filter(r->>'$.resources[*].ARN', lambda x: starts_with(x, 'arn:aws:s3:::'))) > 0"),
    ("resources[0].type = AWS::S3::Bucket", '(.resources|arrays|.[0]|objects|.type) == "AWS::S3::Bucket"', "r->>'$.resources[0].type' = 'AWS::S3::Bucket'"),
    ("time >= 2023-07-10T12:00:00Z and time < 2023-07-10T12:30:00Z",
     '.eventTime|instant | . != null and . >= "2023-07-10T12:00:00" and . < "2023-07-10T12:30:00"',
     "instant(r->>'$.eventTime') >= timestamp '2023-07-10 12:00:00' and instant(r->>'$.eventTime') < timestamp '2023-07-10 12:30:00'"),
    ("time = 2023-07-10T13:42:35+02:00", '(.eventTime|instant) == "2023-07-10T11:42:35"',
     "instant(r->>'$.eventTime') = timestamp '2023-07-10 11:42:35'"),
    ("eventTime < 2020-01-01", '.eventTime|instant | . != null and . < "2020-01-01"', "instant(r->>'$.eventTime') < timestamp '2020-01-01'"),
    ("not eventTime >= 2020-01-01", '.eventTime|instant | . == null or . < "2020-01-01"',
     "coalesce(instant(r->>'$.eventTime') < timestamp '2020-01-01', true)"),
    ("vpcEndpointId exists and name != AssumeRole", '.vpcEndpointId != null and .eventName != "AssumeRole"',
     "r->>'$.vpcEndpointId' is not null and r->>'$.eventName' is distinct from 'AssumeRole'"),
    ("tlsDetails.tlsVersion = tlsv1.2", '(.tlsDetails.tlsVersion|low) == "tlsv1.2"', "r->>'$.tlsDetails.tlsVersion' = 'TLSv1.2'"),
    ("sessionCredentialFromConsole = true", '(.sessionCredentialFromConsole|low) == "true"', "r->>'$.sessionCredentialFromConsole' = 'true'"),
    ("StratusRedTeam", '[..|strings|low|contains("stratusredteam")]|any', None),
    ("'0.0.0.0/0' or mary", '[..|strings|low|contains("0.0.0.0/0") or contains("mary")]|any', None),
    ("actor = *:role/*", '.userIdentity.type == "AssumedRole" and (.userIdentity.sessionContext.sessionIssuer.arn|low|contains(":role/"))',
     "r->>'$.userIdentity.type' = 'AssumedRole' and r->>'$.userIdentity.sessionContext.sessionIssuer.arn' like '%:role/%'"),
    ("name = Delete* and (source = iam.amazonaws.com or source = ec2.amazonaws.com) and not failed",
     '(.eventName|low|startswith("delete")) and (.eventSource == "iam.amazonaws.com" or .eventSource == "ec2.amazonaws.com") and error == null',
     "r->>'$.eventName' ilike 'delete%' and r->>'$.eventSource' in ('iam.amazonaws.com', 'ec2.amazonaws.com') and error(r) is null"),
    ("requestParameters.ipPermissions.items.ipRanges.items.cidrIp = 0.0.0.0/*",
     '[params.ipPermissions.items[]?.ipRanges.items[]?.cidrIp|strings|startswith("0.0.0.0/")]|any',
     "len(list_filter(r->>'$.requestParameters.ipPermissions.items[*].ipRanges.items[*].cidrIp', lambda x: starts_with(x, '0.0.0.0/'))) > 0"),
    ("requestParameters.tagSpecificationSet.items.tags.value = True",
     '[params.tagSpecificationSet.items[]?.tags[]?.value|low == "true"]|any',
     "list_contains(r->>'$.requestParameters.tagSpecificationSet.items[*].tags[*].value', 'true')"),
    ("requestParameters.publiclyAccessible = true", 'params.publiclyAccessible? == true', "r->>'$.requestParameters.publiclyAccessible' = 'true'"),
    ("requestParameters.instancesSet.items.maxCount > 5", '[params.instancesSet.items[]?.maxCount|numbers|. > 5]|any',
     "len(list_filter(r->>'$.requestParameters.instancesSet.items[*].maxCount', lambda x: try_cast(x as double) > 5)) > 0"),
    ("'@timestamp' exists", '."@timestamp" != null', """r->>'$."@timestamp"' is not null"""),
]
