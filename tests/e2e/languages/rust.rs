// SPDX-License-Identifier: GPL-2.0-or-later
// Threads of Rust that call C; each line that is read is answered.
use std::io::BufRead;

extern "C" {
    fn answer(question: i32) -> i32;
}

#[inline(never)]
fn native(question: i32) -> i32 {
    question + 100
}

fn main() {
    for _ in 0..3 {
        std::thread::spawn(|| loop {
            std::thread::sleep(std::time::Duration::from_millis(5));
            unsafe { answer(1) };
        });
    }
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let length = line.unwrap().len() as i32;
        println!("{} {}", unsafe { answer(length) }, native(length));
    }
}
