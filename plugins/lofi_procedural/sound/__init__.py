"""How it sounds: instruments, kit, textures, mix and master. Everything is float32 stereo at 48 kHz."""
