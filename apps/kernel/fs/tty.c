/* SPDX-License-Identifier: MIT */
/*
 * fs/tty.c - the console: a terminal line on the serial port, with the editing and signals a shell
 * expects.
 *
 *   serial -> tty_poll_input() on the tick -> ^C ^Z ^\ become signals
 *                                          -> canonical: edited line, whole lines to the reader
 *                                          -> raw: bytes to the reader
 *   write  -> \n becomes \r\n -> serial
 *
 * Lock: tty.lock, interrupts off.
 */
#include "fs.h"
#include <quire/printk.h>

/* c_iflag, c_oflag, c_lflag */
#define ICRNL   0000400u
#define INLCR   0000100u
#define IGNCR   0000200u
#define OPOST   0000001u
#define ONLCR   0000004u
#define ISIG    0000001u
#define ICANON  0000002u
#define ECHO    0000010u
#define ECHOE   0000020u
#define ECHOK   0000040u
#define ECHONL  0000100u
#define NOFLSH  0000200u
#define TOSTOP  0000400u
#define ECHOCTL 0001000u
#define ECHOKE  0004000u
#define IEXTEN  0100000u
#define VINTR   0
#define VQUIT   1
#define VERASE  2
#define VKILL   3
#define VEOF    4
#define VTIME   5
#define VMIN    6
#define VSUSP   10
#define VEOL    11
#define VWERASE 14
#define VLNEXT  15

#define TCGETS     0x5401
#define TCSETS     0x5402
#define TCSETSW    0x5403
#define TCSETSF    0x5404
#define TCSBRK     0x5409
#define TCXONC     0x540a
#define TCFLSH     0x540b
#define TIOCSCTTY  0x540e
#define TIOCGPGRP  0x540f
#define TIOCSPGRP  0x5410
#define TIOCOUTQ   0x5411
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD   0x541b
#define TIOCNOTTY  0x5422
#define TIOCGSID   0x5429

#define BUFFER 4096

static struct tty {
	spinlock_t lock;
	struct linux_termios termios;
	struct linux_winsize winsize;
	int pgrp;                  /* foreground group, 0: none                     */
	int session;               /* whose terminal it is, 0: nobody's             */
	unsigned head, line, tail; /* written; end of complete lines; read  */
	unsigned eofs;             /* complete lines that are a bare ^D             */
	unsigned column;
	bool literal; /* ^V came: take the next byte as it is          */
	struct wait_list wait;
	char buf[BUFFER]; /* ^D is kept as byte 0 with eof[] set           */
	bool eof[BUFFER];
} tty;

static const struct linux_termios initial_termios = {
	.iflag = ICRNL | 0002000 /* IXON */,
	.oflag = OPOST | ONLCR,
	.cflag = 0002 | 0060 | 0200 | 010000 | 000015,
	.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.cc = { 3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0 },
};

void tty_init(void)
{
	spin_lock_init(&tty.lock, "tty", LOCK_RANK_KERNEL_TTY);
	wait_list_init(&tty.wait);
	tty.termios = initial_termios;
	tty.winsize = (struct linux_winsize){ 24, 80, 0, 0 };
}

/* ---- output ---------------------------------------------------------------------------------- */
static void put_bytes(const char *s, size_t n)
{
	size_t from = 0;

	if ((tty.termios.oflag & (OPOST | ONLCR)) != (OPOST | ONLCR)) {
		serial_write(s, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n') {
			serial_write(s + from, i - from);
			serial_write("\r\n", 2);
			from = i + 1;
		}
	}
	if (n > from)
		serial_write(s + from, n - from);
}

static void echo(char c)
{
	char text[2] = { '^', (char)(c ^ 64) };

	if (!(tty.termios.lflag & ECHO)) {
		if (c == '\n' && (tty.termios.lflag & ECHONL))
			put_bytes("\n", 1);
	} else if ((u8)c < 32 && c != '\n' && c != '\t' && (tty.termios.lflag & ECHOCTL)) {
		put_bytes(text, 2);
	} else {
		put_bytes(&c, 1);
	}
}

/* ---- input ----------------------------------------------------------------------------------- */
static bool is_cc(unsigned which, char c)
{
	return tty.termios.cc[which] && (u8)c == tty.termios.cc[which];
}

static void store(char c, bool eof)
{
	if (tty.head - tty.tail >= BUFFER - 1)
		return;
	tty.buf[tty.head % BUFFER] = c;
	tty.eof[tty.head % BUFFER] = eof;
	tty.head++;
}

static void erase_one(void)
{
	char c = tty.buf[--tty.head % BUFFER];

	if ((tty.termios.lflag & (ECHO | ECHOE)) == (ECHO | ECHOE)) {
		put_bytes("\b \b", 3);
		if ((u8)c < 32 && c != '\t' && (tty.termios.lflag & ECHOCTL))
			put_bytes("\b \b", 3);
	}
}

static void flush_input(void)
{
	tty.tail = tty.line = tty.head;
}

static bool signal_byte(char c)
{
	int sig = is_cc(VINTR, c)   ? SIGINT
		  : is_cc(VQUIT, c) ? SIGQUIT
		  : is_cc(VSUSP, c) ? SIGTSTP
				    : 0;

	if (!sig || !(tty.termios.lflag & ISIG))
		return false;
	echo(c);
	if (!(tty.termios.lflag & NOFLSH))
		flush_input();
	if (tty.pgrp)
		kill_pgrp(sig, tty.pgrp, NULL);
	wake_all(&tty.wait);
	return true;
}

/* Whether c was an editing key. */
static bool edit(char c)
{
	if (is_cc(VERASE, c) || c == '\b') {
		if (tty.head != tty.line)
			erase_one();
		return true;
	}
	if (is_cc(VKILL, c)) {
		while (tty.head != tty.line)
			erase_one();
		return true;
	}
	if (is_cc(VWERASE, c) && (tty.termios.lflag & IEXTEN)) {
		while (tty.head != tty.line && tty.buf[(tty.head - 1) % BUFFER] == ' ')
			erase_one();
		while (tty.head != tty.line && tty.buf[(tty.head - 1) % BUFFER] != ' ')
			erase_one();
		return true;
	}
	return false;
}

/* One byte from the line; tty.lock held. */
static void receive(char c)
{
	bool canonical = tty.termios.lflag & ICANON;

	if (!tty.literal) {
		if (c == '\r') {
			if (tty.termios.iflag & IGNCR)
				return;
			if (tty.termios.iflag & ICRNL)
				c = '\n';
		} else if (c == '\n' && (tty.termios.iflag & INLCR)) {
			c = '\r';
		}
		if (signal_byte(c))
			return;
		if (canonical && (tty.termios.lflag & IEXTEN) && is_cc(VLNEXT, c)) {
			tty.literal = true;
			return;
		}
		if (canonical && edit(c))
			return;
		if (canonical && is_cc(VEOF, c)) {
			store(0, true);
			tty.line = tty.head;
			wake_all(&tty.wait);
			return;
		}
	}
	store(c, false);
	echo(c);
	if (!canonical || (!tty.literal && (c == '\n' || is_cc(VEOL, c)))) {
		tty.line = tty.head;
		wake_all(&tty.wait);
	}
	tty.literal = false;
}

/* On the tick, interrupts off. */
void tty_poll_input(void)
{
	int c = serial_read();

	if (c < 0)
		return;
	spin_lock(&tty.lock);
	for (unsigned n = 0; c >= 0 && n < 64; n++) {
		receive((char)c);
		c = tty.head - tty.tail < BUFFER - 1 ? serial_read() : -1;
	}
	spin_unlock(&tty.lock);
}

/* ---- job control ----------------------------------------------------------------------------- */

/* A background process may not go on: 0, or -EIO or -ERESTARTSYS after the signal was sent. */
static long check_foreground(int sig)
{
	struct process *p = current->proc;
	struct task *t = current;

	if (!tty.session || p->sid != tty.session || p->pgid == tty.pgrp || !tty.pgrp)
		return 0;
	if ((t->blocked & SIGBIT(sig)) || signal_ignored(t, sig))
		return sig == SIGTTIN ? -EIO : 0;
	if (pgrp_orphaned(p->pgid))
		return -EIO;
	kill_pgrp(sig, p->pgid, NULL);
	set_work(t, BARE_WORK_SIGNAL);
	return -ERESTARTSYS;
}

/* The leader of the session ends: the terminal is free again. */
void tty_session_exit(struct process *leader)
{
	int pgrp = 0;
	unsigned long flags;

	spin_lock_irqsave(&tty.lock, flags);
	if (tty.session == leader->sid) {
		pgrp = tty.pgrp;
		tty.session = tty.pgrp = 0;
		tty.termios = initial_termios;
	}
	spin_unlock_irqrestore(&tty.lock, flags);
	if (pgrp && pgrp != leader->pgid) {
		kill_pgrp(SIGHUP, pgrp, NULL);
		kill_pgrp(SIGCONT, pgrp, NULL);
	}
}

/* The first program has the console from the start. */
void tty_give_to(struct process *p)
{
	tty.session = p->sid;
	tty.pgrp = p->pgid;
	p->has_tty = true;
}

static long take_terminal(void)
{
	struct process *p = current->proc;

	if (p->pid != p->sid)
		return -EPERM;
	if (tty.session && tty.session != p->sid)
		return -EPERM;
	tty.session = p->sid;
	if (!tty.pgrp)
		tty.pgrp = p->pgid;
	p->has_tty = true;
	return 0;
}

static long tty_open(struct kfile *f)
{
	struct process *p = current->proc;

	f->tty = true;
	if (f->inode->rdev == MKDEV(5, 0) && (!p || p->sid != tty.session))
		return -ENXIO;
	/* Without O_NOCTTY a leader of a session that has none gets it as its controlling
	 * terminal. */
	if (p && p->pid == p->sid && !tty.session && !p->has_tty && f->inode->rdev != MKDEV(5, 1))
		take_terminal();
	return 0;
}

/* ---- reading and writing --------------------------------------------------------------------- */
static bool readable(void)
{
	return READ_ONCE(tty.line) != READ_ONCE(tty.tail);
}

/* One line, or less; canonical mode. */
static size_t take_line(char *to, size_t n, bool *eof)
{
	size_t done = 0;

	*eof = false;
	while (done < n && tty.tail != tty.line) {
		char c = tty.buf[tty.tail % BUFFER];

		if (tty.eof[tty.tail % BUFFER]) {
			if (done == 0) {
				tty.tail++;
				*eof = true;
			} else {
				tty.tail++; /* ^D ends the line without being in it */
			}
			break;
		}
		tty.tail++;
		to[done++] = c;
		if (c == '\n' || is_cc(VEOL, c))
			break;
	}
	return done;
}

static size_t take_raw(char *to, size_t n)
{
	size_t done = 0;

	while (done < n && tty.tail != tty.head)
		to[done++] = tty.buf[tty.tail++ % BUFFER];
	tty.line = tty.head;
	return done;
}

/* VMIN and VTIME: wait for the first byte as they say.  0, or -EAGAIN, -ERESTARTSYS; *give_up
 * when time ran out. */
static long wait_for_input(struct kfile *f, bool *give_up)
{
	bool canonical = tty.termios.lflag & ICANON;
	u64 expires = TIME_NEVER;
	struct waiter me = { 0 };
	long r = 0;

	*give_up = false;
	if (readable())
		return 0;
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	if (!canonical && tty.termios.cc[VMIN] == 0)
		expires = now_ns() + tty.termios.cc[VTIME] * 100000000ULL;
	wait_add(&tty.wait, &me);
	while (!readable()) {
		if (signal_pending(current)) {
			r = -ERESTARTSYS;
			break;
		}
		if (!block_until(expires)) {
			*give_up = true;
			break;
		}
	}
	wait_remove(&me);
	return r;
}

static long tty_read(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	char chunk[256];
	unsigned long flags;
	size_t len;
	bool eof = false, give_up;
	long r;

	(void)pos;
	if (!n)
		return 0;
	do {
		r = check_foreground(SIGTTIN);
		if (!r)
			r = wait_for_input(f, &give_up);
		if (r || give_up)
			return r;
		spin_lock_irqsave(&tty.lock, flags);
		if (tty.termios.lflag & ICANON)
			len = take_line(chunk, min(n, sizeof(chunk)), &eof);
		else
			len = take_raw(chunk, min(n, sizeof(chunk)));
		spin_unlock_irqrestore(&tty.lock, flags);
	} while (!len && !eof);
	return io_put(io, chunk, len) ? -EFAULT : (long)len;
}

static long tty_write(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	char chunk[256];
	size_t done = 0;
	long r = 0;

	(void)f, (void)pos;
	if (tty.termios.lflag & TOSTOP)
		r = check_foreground(SIGTTOU);
	if (r)
		return r;
	while (done < n) {
		size_t len = min(n - done, sizeof(chunk));
		unsigned long flags;

		if (io_get(io, chunk, len))
			return done ? (long)done : -EFAULT;
		spin_lock_irqsave(&tty.lock, flags);
		put_bytes(chunk, len);
		spin_unlock_irqrestore(&tty.lock, flags);
		done += len;
	}
	return (long)done;
}

static unsigned tty_poll(struct kfile *f, struct poll_table *pt)
{
	(void)f;
	poll_wait(pt, &tty.wait);
	return POLLOUT | POLLWRNORM | (readable() ? POLLIN | POLLRDNORM : 0);
}

/* ---- ioctl ----------------------------------------------------------------------------------- */
static long set_termios(unsigned long arg, bool flush)
{
	struct linux_termios new;
	unsigned long flags;

	if (copy_from_user(&new, (const void __user *)arg, sizeof(new)))
		return -EFAULT;
	spin_lock_irqsave(&tty.lock, flags);
	if (flush)
		flush_input();
	if ((tty.termios.lflag ^ new.lflag) & ICANON)
		tty.line = tty.head; /* what is there can be read at once */
	tty.termios = new;
	spin_unlock_irqrestore(&tty.lock, flags);
	return 0;
}

static long set_foreground(unsigned long arg)
{
	struct process *p = current->proc;
	int pgrp;
	long r;

	if (get_user(pgrp, (const int __user *)arg))
		return -EFAULT;
	if (p->sid != tty.session)
		return -ENOTTY;
	if (pgrp < 0)
		return -EINVAL;
	if (!session_has_group(p->sid, pgrp))
		return -EPERM;
	r = check_foreground(SIGTTOU);
	if (r)
		return r;
	tty.pgrp = pgrp;
	return 0;
}

static long input_bytes(void)
{
	return (long)((tty.termios.lflag & ICANON ? tty.line : tty.head) - tty.tail);
}

static long tty_ioctl(struct kfile *f, unsigned cmd, unsigned long arg)
{
	void __user *at = (void __user *)arg;

	(void)f;
	switch (cmd) {
	case TCGETS: return copy_to_user(at, &tty.termios, sizeof(tty.termios)) ? -EFAULT : 0;
	case TCSETS:
	case TCSETSW:
	case TCSETSF: return set_termios(arg, cmd == TCSETSF);
	case TIOCGWINSZ: return copy_to_user(at, &tty.winsize, sizeof(tty.winsize)) ? -EFAULT : 0;
	case TIOCSWINSZ:
		if (copy_from_user(&tty.winsize, at, sizeof(tty.winsize)))
			return -EFAULT;
		if (tty.pgrp)
			kill_pgrp(SIGWINCH, tty.pgrp, NULL);
		return 0;
	case TIOCGPGRP:
		return current->proc->sid == tty.session ? put_user(tty.pgrp, (int __user *)at)
							 : -ENOTTY;
	case TIOCSPGRP: return set_foreground(arg);
	case TIOCGSID:
		return current->proc->sid == tty.session ? put_user(tty.session, (int __user *)at)
							 : -ENOTTY;
	case TIOCSCTTY: return take_terminal();
	case TIOCNOTTY:
		if (current->proc->sid != tty.session)
			return -ENOTTY;
		current->proc->has_tty = false;
		if (current->proc->pid == current->proc->sid)
			tty_session_exit(current->proc);
		return 0;
	case FIONREAD: return put_user((int)input_bytes(), (int __user *)at);
	case TIOCOUTQ: return put_user(0, (int __user *)at);
	case TCFLSH:
		if (arg != 1)
			flush_input();
		return 0;
	case TCSBRK:
	case TCXONC: return 0;
	default: return -ENOTTY;
	}
}

const struct file_ops tty_ops = {
	.open = tty_open,
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.stream = true,
};
