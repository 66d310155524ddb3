//! Which shard an engine wants done, by the variables that it sets.

use std::ffi::OsString;

/// The variables of engines, each of which counts from 0 on: AWS Batch's array jobs, Kubernetes' Indexed Jobs, and Slurm
/// (where the array must be told to: `--array=0-63`).
pub const INDICES: [&str; 3] = [
    "AWS_BATCH_JOB_ARRAY_INDEX",
    "JOB_COMPLETION_INDEX",
    "SLURM_ARRAY_TASK_ID",
];

/// The index that the engine gives; an error in words where none or several do.
pub fn index(variable: impl Fn(&str) -> Option<OsString>) -> Result<usize, String> {
    let given: Vec<(&str, OsString)> = INDICES
        .into_iter()
        .filter_map(|name| Some((name, variable(name)?)))
        .collect();
    let number = |value: &OsString| value.to_str().and_then(|it| it.parse::<usize>().ok());
    match given.as_slice() {
        [] => Err(format!(
            "which shard? Give --shard N, or run it as a job of an engine that sets one of {}",
            INDICES.join(", ")
        )),
        [(name, value), rest @ ..] => {
            let index = number(value).ok_or_else(|| {
                format!("{name} is {value:?}, and a number from 0 on is expected")
            })?;
            match rest.iter().find(|(_, it)| number(it) != Some(index)) {
                None => Ok(index),
                Some((other, value)) => Err(format!(
                    "{name} says shard {index}, and {other} says {value:?}: give --shard N"
                )),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(set: &[(&str, &str)]) -> Result<usize, String> {
        index(|name| {
            set.iter()
                .find(|(it, _)| *it == name)
                .map(|(_, it)| it.into())
        })
    }

    #[test]
    fn one_engine_says_which() {
        for name in INDICES {
            assert_eq!(told(&[(name, "7")]), Ok(7));
            assert!(told(&[(name, "-1")]).is_err());
            assert!(told(&[(name, "")]).is_err());
        }
        assert!(told(&[]).unwrap_err().contains("--shard"));
        assert_eq!(told(&[(INDICES[0], "3"), (INDICES[2], "3")]), Ok(3));
        assert!(told(&[(INDICES[0], "3"), (INDICES[2], "4")]).is_err());
    }
}
