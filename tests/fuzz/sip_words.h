/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_words.h - what may stand where in a SIP message: good values by header, parameters, URIs, methods,
 * statuses, lines of a description. For mutate_sip.c.
 */
#ifndef MASKLINE_TESTS_SIP_WORDS_H
#define MASKLINE_TESTS_SIP_WORDS_H

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Values by header; the first is its name. */
static const char *const headers[][10] = {
        {"Via", "SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKm;rport", "SIP/2.0/TCP [2001:db8::1]",
         "SIP/2.0/TLS h;branch=z9hG4bK;received=192.0.2.9;rport=1", "SIP / 2.0 / UDP a ; b = c",
         "SIP/2.0/UDP h:65535;maddr=192.0.2.1;ttl=1, SIP/2.0/UDP g"},
        {"From", "<sip:+919888800001@192.0.2.10>;tag=m", "\"A \\\" B\" <tel:+919888800001>;tag=n",
         "sip:anonymous@anonymous.invalid;tag=o", "<sips:a@[::1]:5061;lr>;tag=p;x=\"y\"",
         "Anonymous <sip:a>"},
        {"To", "<sip:+919000000001@198.51.100.1>", "<tel:9000000001;phone-context=+91>",
         "\"\" <sip:b@h;user=phone>;tag=t", "sip:c@d"},
        {"Contact", "<sip:peer@192.0.2.10:5060>", "*", "<sip:a@h;transport=tcp>;expires=60",
         "<sip:a@h;maddr=192.0.2.1>, <tel:+1>;q=0.1", "\"x\" <sips:a@h:5061>", "<mailto:a@b>",
         "<sip:10.0.0.1;lr>;expires=0"},
        {"Call-ID", "m@h", "<>:\\\"/[]?{}@x", "8d7e"},
        {"CSeq", "1 INVITE", "2 ACK", "4294967295 BYE", "0 CANCEL", "3 UPDATE", "4 PRACK", "5 INFO",
         "1 REGISTER", "2 OPTIONS"},
        {"Max-Forwards", "70", "0", "1", "255"},
        {"Route", "<sip:192.0.2.1;lr>", "<sip:a@h>, <sip:[::1];lr>"},
        {"Record-Route", "<sip:192.0.2.20;lr>", "<sip:192.0.2.20;lr>, <sip:192.0.2.10>",
         "<sip:10.0.0.1:5070;lr;x=y>;z"},
        {"P-Asserted-Identity", "<sip:+919888800001@h>", "<tel:+919888800001>, <sip:a@h>"},
        {"Privacy", "id", "none", "id;critical", "header,user"},
        {"Require", "timer", "100rel", "replaces, timer", "x"},
        {"Supported", "100rel, timer", "timer", "", "replaces"},
        {"Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, PRACK", "INVITE", ""},
        {"Session-Expires", "90", "1800;refresher=uac", "1800;refresher=uas", "89", "4294967295;x"},
        {"Min-SE", "90", "3600"},
        {"RSeq", "1", "2", "4294967295"},
        {"RAck", "1 1 INVITE", "2 1 INVITE", "1 2 UPDATE"},
        {"Retry-After", "5", "0 (a (b) c);duration=1"},
        {"Expires", "60", "0", "4294967295"},
        {"Content-Type", "application/sdp", "application/dtmf-relay", "multipart/mixed;boundary=x"},
        {"Content-Encoding", "identity", "gzip"},
        {"Content-Disposition", "session", "render;handling=optional"},
        {"WWW-Authenticate", "Digest realm=\"r\",nonce=\"n\"",
         "Digest realm=\"r\",nonce=\"n\",qop=\"auth\",algorithm=SHA-256",
         "Digest realm=\"r\",nonce=\"m\",stale=true,opaque=\"o\""},
        {"Proxy-Authenticate", "Digest realm=\"r\",nonce=\"n\",qop=\"auth,auth-int\""},
        {"Authentication-Info", "nextnonce=\"q\""},
        {"Proxy-Require", "x"},
        {"Reason", "Q.850;cause=16"},
        {"Event", "refer"},
        {"Refer-To", "<sip:a@b>"},
        {"Replaces", "a;to-tag=b;from-tag=c"},
};

static const char *const parameters[] = {
        ";tag=m",
        ";tag",
        ";lr",
        ";rport",
        ";rport=5060",
        ";branch=z9hG4bKm",
        ";expires=1",
        ";received=192.0.2.9",
        ";transport=tcp",
        ";transport=udp",
        ";maddr=192.0.2.1",
        ";user=phone",
        ";x=\"a\\\"b\"",
        ";x=[::1]",
        ";q=0.5",
        ";refresher=uas",
        ";%6Cr",
        ";ob",
};

static const char *const uris[] = {
        "sip:+919000000001@198.51.100.1",
        "sip:h",
        "sip:a:b@h:1;lr?c=d",
        "sips:a@[::1]:5061",
        "tel:+919888800001",
        "tel:9888800001;phone-context=+91",
        "sip:a;b=c@h;d=e",
        "sip:%41%00@h",
        "sip:192.0.2.1:65535",
        "http://h/",
        "sip:x@[::ffff:192.0.2.1]",
};

static const char *const methods[] = {
        "INVITE", "ACK",    "BYE",       "CANCEL",  "OPTIONS", "UPDATE",   "PRACK", "INFO",
        "REFER",  "NOTIFY", "SUBSCRIBE", "PUBLISH", "MESSAGE", "REGISTER", "X",
};

static const char *const statuses[] = {
        "100", "180", "183", "199", "200", "202", "300", "302", "401", "404", "407", "408",
        "420", "422", "480", "481", "486", "487", "488", "491", "500", "503", "603", "699",
};

static const char *const sdp_lines[] = {
        "o=- 1 2 IN IP4 192.0.2.10",
        "c=IN IP4 192.0.2.10",
        "c=IN IP4 0.0.0.0",
        "c=IN IP6 2001:db8::1",
        "m=audio 30000 RTP/AVP 8 0 101",
        "m=audio 0 RTP/AVP 8",
        "m=audio 30000 RTP/SAVP 8",
        "m=video 30002 RTP/AVP 31",
        "m=image 30004 udptl t38",
        "m=audio 65535/2 RTP/AVP 0",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000/1",
        "a=rtpmap:96 opus/48000/2",
        "a=fmtp:101 0-15",
        "a=sendonly",
        "a=recvonly",
        "a=inactive",
        "a=sendrecv",
        "a=ptime:20",
        "a=rtcp:30001",
        "a=rtcp:30001 IN IP4 192.0.2.11",
        "a=rtcp-mux",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
        "b=AS:64",
        "t=0 0",
        "s=-",
        "v=0",
        "k=clear:x",
};

#endif
