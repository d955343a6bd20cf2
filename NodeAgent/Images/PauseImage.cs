using System.Buffers.Binary;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>
/// The sandbox image, made on the spot so that no registry is needed: one static ELF of about 200 bytes. The program
/// ignores SIGCHLD (so the kernel reaps orphans when the pod shares its process namespace) and then waits for ever.
/// </summary>
public static class PauseImage
{
    public const string Reference = "orleans-orchestrator.local/pause:1";

    private const ulong BaseAddress = 0x400000;
    private const int HeaderBytes = 64 + 56;

    public static void Write(Stream output) => OciArchive.Write(
        output,
        new ImageDescription { Reference = Reference, Entrypoint = ["/pause"] },
        [new ImageFile { Path = "pause", Content = Program(OciArchive.HostArchitecture), Mode = 0x16D }]);

    /// <summary>The program for one architecture; throws for one that we have no code for.</summary>
    public static byte[] Program(string architecture) => architecture switch
    {
        "amd64" => Elf(machine: 62, Amd64Code),
        "arm64" => Elf(machine: 183, Arm64Code),
        _ => throw new PlatformNotSupportedException($"No pause program for architecture \"{architecture}\"."),
    };

    /// <summary>rt_sigaction(SIGCHLD, {SIG_IGN}, null, 8); for (;;) pause(); then the sigaction structure.</summary>
    private static readonly byte[] Amd64Code =
    [
        0xB8, 13, 0, 0, 0, //             mov eax, SYS_rt_sigaction
        0xBF, 17, 0, 0, 0, //             mov edi, SIGCHLD
        0x48, 0x8D, 0x35, 23, 0, 0, 0, // lea rsi, [rip + 23]
        0x31, 0xD2, //                    xor edx, edx
        0x41, 0xBA, 8, 0, 0, 0, //        mov r10d, 8
        0x0F, 0x05, //                    syscall
        0xB8, 34, 0, 0, 0, //             mov eax, SYS_pause
        0x0F, 0x05, //                    syscall
        0xEB, 0xF7, //                    jmp to mov eax, SYS_pause
        0x90, 0x90, 0x90, 0x90,
        .. SignalIgnored,
    ];

    private static readonly byte[] Arm64Code =
    [
        .. Words(
            0xD2800220, // mov x0, SIGCHLD
            0x10000000 | (13 << 5) | 1, // adr x1, 13 words on
            0xD2800002, // mov x2, 0
            0xD2800103, // mov x3, 8
            0xD28010C8, // mov x8, SYS_rt_sigaction
            0xD4000001, // svc 0
            0xD2800000, 0xD2800001, 0xD2800002, 0xD2800003, // ppoll(null, 0, null, null)
            0xD2800928, // mov x8, SYS_ppoll
            0xD4000001, // svc 0
            0x17FFFFFA, // b to ppoll
            0xD503201F), // nop
        .. SignalIgnored,
    ];

    private static ReadOnlySpan<byte> SignalIgnored =>
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    private static byte[] Words(params uint[] words)
    {
        var bytes = new byte[words.Length * sizeof(uint)];
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * sizeof(uint)), words[i]);
        }

        return bytes;
    }

    private static byte[] Elf(ushort machine, byte[] code)
    {
        var file = new byte[HeaderBytes + code.Length];
        var header = file.AsSpan();
        ReadOnlySpan<byte> ident = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        ident.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], 2); // executable
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], machine);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], BaseAddress + HeaderBytes); // entry
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], 64); // program headers
        BinaryPrimitives.WriteUInt16LittleEndian(header[52..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], 1);
        var segment = header[64..];
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1); // load
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 5); // read, execute
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], BaseAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], BaseAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 0x1000);
        code.CopyTo(header[HeaderBytes..]);
        return file;
    }
}
