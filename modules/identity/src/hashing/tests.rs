//! Tests of the hashing: formats, limits, and the memory that is reused.

use argon2::{PasswordHasher, PasswordVerifier};
use chrono::DateTime;

use super::*;

fn ambient() -> Ambient {
    Ambient::manual(DateTime::UNIX_EPOCH, 1)
}

#[tokio::test]
async fn only_the_same_password_matches_its_hash() {
    let hashing = PasswordHashing::new(2);
    let hash = hashing.hash("correct horse", &ambient()).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(hashing.verify("correct horse", Some(&hash)).await.unwrap());
    assert!(!hashing.verify("correct horse ", Some(&hash)).await.unwrap());
    let ambient = ambient();
    let (first, second) = (hashing.hash("a", &ambient).await.unwrap(), hashing.hash("a", &ambient).await.unwrap());
    assert_ne!(first, second, "every hash has its own salt");
}

#[tokio::test]
async fn hashes_of_reused_memory_are_those_of_the_library() {
    let hashing = PasswordHashing::new(1);
    for password in ["one", "another", "one"] {
        let hash = hashing.hash(password, &ambient()).await.unwrap();
        let parsed = PasswordHash::new(&hash).unwrap();
        assert!(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok());
        assert!(hashing.verify(password, Some(&hash)).await.unwrap());
    }
    assert_eq!(hashing.free.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_hash_with_any_parameters_is_checked_and_only_current_ones_are_kept() {
    let hashing = PasswordHashing::new(1);
    let current = hashing.hash("correct horse", &ambient()).await.unwrap();
    assert!(!is_outdated(&current));
    let of = |algorithm, version, memory, passes, lanes, bytes| {
        let params = Params::new(memory, passes, lanes, Some(bytes)).unwrap();
        let hash =
            Argon2::new(algorithm, version, params).hash_password_with_salt(b"correct horse", b"a salt of bytes");
        hash.unwrap().to_string()
    };
    for older in [
        of(Algorithm::Argon2id, Version::V0x13, 64, 1, 1, 32),
        of(Algorithm::Argon2id, Version::V0x13, MEMORY_KIB + 8, PASSES, 1, 32),
        of(Algorithm::Argon2id, Version::V0x13, MEMORY_KIB, PASSES, 2, 32),
        of(Algorithm::Argon2id, Version::V0x13, MEMORY_KIB, PASSES, 1, 16),
        of(Algorithm::Argon2i, Version::V0x13, MEMORY_KIB, PASSES, 1, 32),
        of(Algorithm::Argon2id, Version::V0x10, MEMORY_KIB, PASSES, 1, 32),
    ] {
        assert!(is_outdated(&older), "{older}");
        assert!(hashing.verify("correct horse", Some(&older)).await.unwrap(), "{older}");
        assert!(!hashing.verify("wrong horse", Some(&older)).await.unwrap(), "{older}");
    }
    assert!(is_outdated("") && hashing.verify("", Some("")).await.is_err());
}

#[tokio::test]
async fn checking_an_unknown_person_takes_the_same_work() {
    assert!(!is_outdated(DUMMY_HASH));
    assert!(!PasswordHashing::new(1).verify("anything", None).await.unwrap());
}

#[tokio::test]
async fn memory_is_allocated_once_for_each_thread() {
    let hashing = PasswordHashing::new(2);
    let logins = (0..12).map(|_| {
        let hashing = hashing.clone();
        tokio::spawn(async move { hashing.verify("anything", None).await })
    });
    for login in logins.collect::<Vec<_>>() {
        assert!(!login.await.unwrap().unwrap());
    }
    let free = hashing.free.lock().unwrap();
    assert!((1..=2).contains(&free.len()), "{} blocks", free.len());
    assert!(free.iter().all(|memory| memory.len() == MEMORY_KIB as usize));
}

#[test]
fn one_core_is_left_for_other_work() {
    let cores = available_parallelism().unwrap().get();
    assert_eq!(concurrency(64), (cores - 1).clamp(1, 64));
    assert_eq!(concurrency(1), 1);
}

#[tokio::test]
async fn a_request_is_refused_when_too_many_wait() {
    let hashing = PasswordHashing::new(1);
    let blocked = Arc::clone(&hashing.running).acquire_owned().await.unwrap();
    let waiting: Vec<_> = (0..=WAITING_MAX)
        .map(|_| {
            let hashing = hashing.clone();
            tokio::spawn(async move { hashing.run(|_| Ok(())).await })
        })
        .collect();
    while hashing.admitted.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(hashing.run(|_| Ok(())).await, Err(Error::Busy)));
    drop(blocked);
    for waiter in waiting {
        waiter.await.unwrap().unwrap();
    }
    assert!(hashing.run(|_| Ok(())).await.is_ok());
}
