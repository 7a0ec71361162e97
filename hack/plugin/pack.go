package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// packed is the time of every file in an archive: the first one that a zip can have. That of the
// build would make each archive another one.
var packed = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// file is a file of an archive.
type file struct {
	name string
	mode fs.FileMode
	data []byte
}

// readFiles returns what an archive has, in a fixed order: the program, the project's licence and
// those of its modules.
func readFiles(folder, program string) ([]file, error) {
	files := []file{{name: "LICENSE", mode: 0o644}, {name: program, mode: 0o755}, {name: "licenses/modules.txt", mode: 0o644}}
	for i := range files {
		var err error
		if files[i].data, err = os.ReadFile(filepath.Join(folder, filepath.FromSlash(files[i].name))); err != nil {
			return nil, fmt.Errorf("an archive needs this file: %w", err)
		}
	}
	return files, nil
}

// packTar returns a compressed tar archive. Root owns its files.
func packTar(files []file) ([]byte, error) {
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	writer := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: int64(f.mode), Size: int64(len(f.data)), ModTime: packed, Format: tar.FormatUSTAR}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := writer.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	if err := compressed.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func packZip(files []file) ([]byte, error) {
	var out bytes.Buffer
	writer := zip.NewWriter(&out)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: packed}
		header.SetMode(f.mode)
		entry, err := writer.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
