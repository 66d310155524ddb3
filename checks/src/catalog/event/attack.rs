//! Names of the techniques of MITRE ATT&CK (Enterprise, version 16) that key events show.

/// By id; a sub-technique without the name of its technique.
const NAMES: &[(&str, &str)] = &[
    ("T1021", "Remote Services"),
    ("T1021.004", "SSH"),
    ("T1040", "Network Sniffing"),
    ("T1059", "Command and Scripting Interpreter"),
    ("T1070", "Indicator Removal"),
    ("T1078", "Valid Accounts"),
    ("T1078.004", "Cloud Accounts"),
    ("T1087", "Account Discovery"),
    ("T1087.004", "Cloud Account"),
    ("T1098", "Account Manipulation"),
    ("T1098.001", "Additional Cloud Credentials"),
    ("T1098.003", "Additional Cloud Roles"),
    ("T1110", "Brute Force"),
    ("T1133", "External Remote Services"),
    ("T1136", "Create Account"),
    ("T1136.003", "Cloud Account"),
    ("T1484", "Domain or Tenant Policy Modification"),
    ("T1484.002", "Trust Modification"),
    ("T1485", "Data Destruction"),
    ("T1486", "Data Encrypted for Impact"),
    ("T1490", "Inhibit System Recovery"),
    ("T1496", "Resource Hijacking"),
    ("T1496.004", "Cloud Service Hijacking"),
    ("T1526", "Cloud Service Discovery"),
    ("T1530", "Data from Cloud Storage"),
    ("T1535", "Unused/Unsupported Cloud Regions"),
    ("T1537", "Transfer Data to Cloud Account"),
    ("T1548", "Abuse Elevation Control Mechanism"),
    ("T1548.005", "Temporary Elevated Cloud Access"),
    ("T1550", "Use Alternate Authentication Material"),
    ("T1550.001", "Application Access Token"),
    ("T1552", "Unsecured Credentials"),
    ("T1552.005", "Cloud Instance Metadata API"),
    ("T1555", "Credentials from Password Stores"),
    ("T1555.006", "Cloud Secrets Management Stores"),
    ("T1556", "Modify Authentication Process"),
    ("T1556.006", "Multi-Factor Authentication"),
    ("T1556.007", "Hybrid Identity"),
    ("T1557", "Adversary-in-the-Middle"),
    ("T1562", "Impair Defenses"),
    ("T1562.001", "Disable or Modify Tools"),
    ("T1562.007", "Disable or Modify Cloud Firewall"),
    ("T1562.008", "Disable or Modify Cloud Logs"),
    ("T1565", "Data Manipulation"),
    ("T1565.001", "Stored Data Manipulation"),
    ("T1567", "Exfiltration Over Web Service"),
    ("T1578", "Modify Cloud Compute Infrastructure"),
    ("T1578.002", "Create Cloud Instance"),
    ("T1580", "Cloud Infrastructure Discovery"),
    ("T1583", "Acquire Infrastructure"),
    ("T1583.001", "Domains"),
    ("T1619", "Cloud Storage Object Discovery"),
    ("T1648", "Serverless Execution"),
    ("T1651", "Cloud Administration Command"),
];

/// The name of a technique or sub-technique; none for one that no key event has.
#[must_use]
pub fn technique(id: &str) -> Option<&'static str> {
    let found = NAMES.binary_search_by_key(&id, |it| it.0).ok()?;
    NAMES.get(found).map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_technique_of_a_key_event_has_a_name() {
        assert!(NAMES.is_sorted_by_key(|it| it.0));
        for id in super::super::entries().flat_map(|it| it.attack) {
            assert!(technique(id).is_some(), "{id}");
            let whole = id.split('.').next().unwrap();
            assert!(technique(whole).is_some(), "{whole}");
        }
        assert_eq!(technique("T0000"), None);
    }
}
