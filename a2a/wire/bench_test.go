package wire

import (
	"bytes"
	"io"
	"net/http/httptest"
	"testing"
)

func BenchmarkDecodeGetTask(b *testing.B) {
	body := []byte(
		`{"jsonrpc":"2.0","id":"r-4","method":"GetTask","params":{"id":"01981f6e-7a1c-7c1d-8a3b-0123456789ab","historyLength":0}}`)
	b.ReportAllocs()
	for b.Loop() {
		req, err := Decode(body)
		if err != nil {
			b.Fatal(err)
		}
		d, err := For(Version10, req.Method)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := d.GetTask.DecodeParams(req.Params); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkDecode(b *testing.B, file string) {
	var body []byte
	for _, e := range examples(b, file) {
		if e.name == "SendMessage/request/1" {
			body = e.body
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		req, err := Decode(body)
		if err != nil {
			b.Fatal(err)
		}
		d, err := For("", req.Method)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := d.SendMessage.DecodeParams(req.Params); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeSendMessageV10(b *testing.B) { benchmarkDecode(b, "v10.txtar") }
func BenchmarkDecodeSendMessageV03(b *testing.B) { benchmarkDecode(b, "v03.txtar") }

func benchmarkEncodeTask(b *testing.B, d *Dialect) {
	var res Response
	for _, e := range examples(b, "v10.txtar") {
		if e.name == "GetTask/result/1" {
			res, _ = DecodeResponse(e.body)
		}
	}
	task, err := V10.GetTask.DecodeResult(res.Result)
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		if buf, err = d.GetTask.AppendResult(buf[:0], res.ID, task); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeTaskV10(b *testing.B) { benchmarkEncodeTask(b, V10) }
func BenchmarkEncodeTaskV03(b *testing.B) { benchmarkEncodeTask(b, V03) }

func BenchmarkEvents(b *testing.B) {
	rec := httptest.NewRecorder()
	w := NewEventWriter(rec)
	for range 100 {
		if err := w.Send(bytes.Repeat([]byte("x"), 400)); err != nil {
			b.Fatal(err)
		}
	}
	stream := rec.Body.Bytes()
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range Events(io.LimitReader(bytes.NewReader(stream), 1<<30)) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// benchmarkDecodeTask reads the answer to GetTask, of a task that has ended.
func benchmarkDecodeTask(b *testing.B, d *Dialect, file string) {
	var body []byte
	for _, e := range examples(b, file) {
		if e.name == "GetTask/result/1" {
			body = e.body
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		res, err := DecodeResponse(body)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := d.GetTask.DecodeResult(res.Result); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeTaskV10(b *testing.B) { benchmarkDecodeTask(b, V10, "v10.txtar") }
func BenchmarkDecodeTaskV03(b *testing.B) { benchmarkDecodeTask(b, V03, "v03.txtar") }
