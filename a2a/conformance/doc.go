// Conformance is an agent for the official conformance kits of A2A: an executor that plays the
// kits' scenarios, behind the engine and the bindings that staff0 uses. It is a program for tests
// and no part of the staff0 binary: it asks nobody for a token, keeps tasks in memory, takes a
// message that is sent twice for two, and does what the id of a message begins with.
//
// The tests of this package hold it to the same requirements without a kit, each under the kit's
// own id.
//
// # Running the kits
//
// The kit (https://github.com/a2aproject/a2a-tck) is not ours and not in this repository. It takes
// Python 3.11 with pytest, pytest-asyncio, pytest-html, pytest-json-report, httpx, requests,
// responses, deepdiff, jsonschema, packaging, PyYAML, python-dotenv, grpcio, grpcio-tools,
// googleapis-common-protos, pyOpenSSL, gherkin-official and Jinja2. Its branch 1.0-dev is for
// protocol 1.0 (JSON-RPC and HTTP+JSON):
//
//	go run ./a2a/conformance -listen 127.0.0.1:9999 &
//	cd a2a-tck && git switch 1.0-dev && ./run_tck.py --sut-host http://127.0.0.1:9999    # writes reports/junitreport.xml
//	go test ./a2a/conformance -run TestReport -kit 1.0-dev -report /path/to/a2a-tck/reports/junitreport.xml
//
// What an agent says that lacks a capability, and to clients that do not name a required extension,
// takes runs of their own:
//
//	go run ./a2a/conformance -listen 127.0.0.1:9999 -streaming=false -push=false &
//	./run_tck.py --sut-host http://127.0.0.1:9999 -- -k 'not_supported or unsupported_operation'
//	go run ./a2a/conformance -listen 127.0.0.1:9999 -require-extension &
//	./run_tck.py --sut-host http://127.0.0.1:9999 -- -k required_extension
//
// Its branch 0.3.x is for protocol 0.3. What `./run_tck.py --category all` runs is a part of this,
// which also writes the report:
//
//	go run ./a2a/conformance -listen 127.0.0.1:9999 -card 0.3 &
//	cd a2a-tck && git switch 0.3.x
//	python -m pytest tests/mandatory tests/optional --sut-url http://127.0.0.1:9999 --test-scope all --junitxml report.xml
//	go test ./a2a/conformance -run TestReport -kit 0.3.x -report /path/to/a2a-tck/report.xml
//
// A webhook of the kit is at http://localhost with any port, which this agent may call.
//
// # Expected failures
//
// testdata/baseline.txt lists the tests that do not pass, each with its reason: those in which a
// kit contradicts the specification, and those that cannot be run here, such as tests of gRPC.
// TestReport compares a report with it, both ways: a failure that is not listed is a fault, and so
// is a line that has become needless. Skipped tests count as well, since the kits skip what depends
// on something that failed.
package main
