// A parser of replies as an adapter of smtpspec-bench, to start from. The types are those of adapter.h.
//
//   rustc --edition 2021 -O -C panic=abort --crate-type cdylib mine.rs -o libmine.so
//   smtpspec-bench --adapter ./libmine.so --input reply/mixed
use std::os::raw::{c_char, c_void};

const ABI: u32 = 1;
const REPLY: u32 = 1;
const TEXTS: u32 = 1;
const ZERO_COPY: u32 = 8;
const STOP: isize = -1;

#[repr(C)]
pub struct Text {
    data: *const u8,
    size: usize,
}

#[repr(C)]
pub struct Status {
    class: u16,
    subject: u16,
    detail: u16,
}

#[repr(C)]
pub struct Reply {
    code: u32,
    line_count: u32,
    lines: *const Text,
    status: Status,
}

// The functions of other questions are not called here.
#[repr(C)]
pub struct Sink {
    on_reply: unsafe extern "C" fn(*const Sink, *const Reply),
    on_ehlo: *const c_void,
    on_command: *const c_void,
    on_step: *const c_void,
    on_content: *const c_void,
    on_message: *const c_void,
    on_error: unsafe extern "C" fn(*const Sink, usize, *const c_char),
}

#[repr(C)]
pub struct Adapter {
    abi: u32,
    question: u32,
    does: u32,
    name: *const c_char,
    version: *const c_char,
    create: unsafe extern "C" fn() -> *mut c_void,
    destroy: unsafe extern "C" fn(*mut c_void),
    feed: unsafe extern "C" fn(*mut c_void, *const u8, usize, *const Sink) -> isize,
    finish: unsafe extern "C" fn(*mut c_void, *const u8, usize, *const Sink) -> isize,
    reset: unsafe extern "C" fn(*mut c_void),
}
unsafe impl Sync for Adapter {}

#[derive(Default)]
struct Parser {
    lines: Vec<Text>,
}

impl Parser {
    // Calls `report` for each whole reply; how many octets they are, or nothing when one is no reply.
    fn feed(&mut self, octets: &[u8], mut report: impl FnMut(u32, &[Text])) -> Option<usize> {
        let (mut done, mut at) = (0, 0);
        self.lines.clear();
        while let Some(end) = octets[at..].windows(2).position(|pair| pair == b"\r\n") {
            let line = &octets[at..at + end];
            let digits = line.get(..3)?;
            if !digits.iter().all(u8::is_ascii_digit) || !matches!(line.get(3), None | Some(b' ' | b'-')) {
                return None;
            }
            let text = &line[line.len().min(4)..];
            self.lines.push(Text { data: text.as_ptr(), size: text.len() });
            at += end + 2;
            if line.get(3) != Some(&b'-') {
                report(digits.iter().fold(0, |code, digit| code * 10 + u32::from(digit - b'0')), &self.lines);
                self.lines.clear();
                done = at;
            }
        }
        Some(done)
    }
}

unsafe extern "C" fn create() -> *mut c_void {
    Box::into_raw(Box::<Parser>::default()).cast()
}

unsafe extern "C" fn destroy(context: *mut c_void) {
    drop(Box::from_raw(context.cast::<Parser>()));
}

unsafe extern "C" fn feed(context: *mut c_void, octets: *const u8, size: usize, sink: *const Sink) -> isize {
    let parser = &mut *context.cast::<Parser>();
    let octets = std::slice::from_raw_parts(octets, size);
    let taken = parser.feed(octets, |code, lines| {
        let status = Status { class: 0, subject: 0, detail: 0 };
        let reply = Reply { code, line_count: lines.len() as u32, lines: lines.as_ptr(), status };
        ((*sink).on_reply)(sink, &reply);
    });
    match taken {
        Some(taken) => taken as isize,
        None => {
            ((*sink).on_error)(sink, 0, b"not a reply\0".as_ptr().cast());
            STOP
        }
    }
}

unsafe extern "C" fn finish(_: *mut c_void, _: *const u8, size: usize, _: *const Sink) -> isize {
    if size == 0 { 0 } else { STOP }
}

unsafe extern "C" fn reset(_: *mut c_void) {}

static ADAPTER: Adapter = Adapter {
    abi: ABI,
    question: REPLY,
    does: TEXTS | ZERO_COPY,
    name: b"mine\0".as_ptr().cast(),
    version: b"1.0\0".as_ptr().cast(),
    create,
    destroy,
    feed,
    finish,
    reset,
};

#[no_mangle]
pub extern "C" fn smtpspec_bench_adapter(index: u32) -> *const Adapter {
    if index == 0 { &ADAPTER } else { std::ptr::null() }
}
