// The test of the image and of the files for Docker Compose.
module starling/tests/image

go 1.24.0

require gopkg.in/yaml.v3 v3.0.1
