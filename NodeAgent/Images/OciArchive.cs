using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>One file, directory or link of an image's layer.</summary>
public sealed record ImageFile
{
    /// <summary>Path inside the image, without a leading slash.</summary>
    public required string Path { get; init; }

    /// <summary>Content; null makes a directory, unless <see cref="LinkTarget"/> is set.</summary>
    public byte[]? Content { get; init; }

    public string? LinkTarget { get; init; }

    /// <summary>Octal mode such as 0755, in decimal bits.</summary>
    public int Mode { get; init; } = 0x1ED;

    public int Uid { get; init; }

    public int Gid { get; init; }
}

/// <summary>What an image says about itself: its name and the defaults of a container made from it.</summary>
public sealed record ImageDescription
{
    /// <summary>Full reference with tag, as containerd stores it: <c>docker.io/library/busybox:1</c>.</summary>
    public required string Reference { get; init; }

    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    public IReadOnlyList<string> Command { get; init; } = [];

    public IReadOnlyList<string> Environment { get; init; } = ["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"];

    public string WorkingDirectory { get; init; } = "/";

    public string User { get; init; } = "";

    public string Architecture { get; init; } = OciArchive.HostArchitecture;

    public string StopSignal { get; init; } = "";
}

/// <summary>
/// Writes an OCI image layout as one tar: uncompressed layers, a config, a manifest and an index. It is what
/// <c>ctr images import</c> and <c>docker load</c> read, and is byte-for-byte the same for the same input.
/// </summary>
public static class OciArchive
{
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>The Go name of this machine's architecture, which image manifests use.</summary>
    public static string HostArchitecture =>
        System.Runtime.InteropServices.RuntimeInformation.OSArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
            System.Runtime.InteropServices.Architecture.X64 => "amd64",
            var other => other.ToString().ToLowerInvariant(),
        };

    /// <summary>Writes an image of layers, the lowest first.</summary>
    public static void Write(Stream output, ImageDescription image, params IEnumerable<ImageFile>[] layers)
    {
        var contents = layers.Select(Layer).ToList();
        var config = Bytes(Config(image, contents.Select(Digest)));
        var manifest = Bytes(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestType,
            ["config"] = Descriptor("application/vnd.oci.image.config.v1+json", config),
            ["layers"] = new JsonArray(
                [.. contents.Select(static c => Descriptor("application/vnd.oci.image.layer.v1.tar", c))]),
        });
        using var tar = new TarWriter(output, TarEntryFormat.Ustar, leaveOpen: true);
        WriteFile(tar, "oci-layout", Bytes(new JsonObject { ["imageLayoutVersion"] = "1.0.0" }));
        foreach (var blob in (byte[][])[.. contents, config, manifest])
        {
            WriteFile(tar, $"blobs/sha256/{Digest(blob)["sha256:".Length..]}", blob);
        }

        WriteFile(tar, "index.json", Bytes(Index(image, manifest)));
    }

    /// <summary>Digest of bytes in the form registries use.</summary>
    public static string Digest(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    private static JsonObject Index(ImageDescription image, byte[] manifest)
    {
        var descriptor = Descriptor(ManifestType, manifest);
        descriptor["platform"] = new JsonObject { ["architecture"] = image.Architecture, ["os"] = "linux" };
        descriptor["annotations"] = new JsonObject
        {
            ["io.containerd.image.name"] = image.Reference,
            ["org.opencontainers.image.ref.name"] = image.Reference[(image.Reference.LastIndexOf(':') + 1)..],
        };
        return new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = "application/vnd.oci.image.index.v1+json",
            ["manifests"] = new JsonArray(descriptor),
        };
    }

    private static JsonObject Config(ImageDescription image, IEnumerable<string> layers)
    {
        var container = new JsonObject
        {
            ["Env"] = Strings(image.Environment),
            ["WorkingDir"] = image.WorkingDirectory,
        };
        AddIfAny(container, "Entrypoint", image.Entrypoint);
        AddIfAny(container, "Cmd", image.Command);
        if (image.User.Length > 0)
        {
            container["User"] = image.User;
        }

        if (image.StopSignal.Length > 0)
        {
            container["StopSignal"] = image.StopSignal;
        }

        return new JsonObject
        {
            ["architecture"] = image.Architecture,
            ["os"] = "linux",
            ["config"] = container,
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = Strings(layers) },
        };
    }

    private static byte[] Layer(IEnumerable<ImageFile> files)
    {
        using var buffer = new MemoryStream();
        using (var tar = new TarWriter(buffer, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var file in files)
            {
                tar.WriteEntry(Entry(file));
            }
        }

        return buffer.ToArray();
    }

    private static PaxTarEntry Entry(ImageFile file)
    {
        var type = file.LinkTarget is not null ? TarEntryType.SymbolicLink
            : file.Content is null ? TarEntryType.Directory
            : TarEntryType.RegularFile;
        var entry = new PaxTarEntry(type, file.Path)
        {
            Mode = (UnixFileMode)file.Mode,
            Uid = file.Uid,
            Gid = file.Gid,
            ModificationTime = DateTimeOffset.UnixEpoch,
        };
        if (file.LinkTarget is not null)
        {
            entry.LinkName = file.LinkTarget;
        }
        else if (file.Content is not null)
        {
            entry.DataStream = new MemoryStream(file.Content);
        }

        return entry;
    }

    private static void WriteFile(TarWriter tar, string name, byte[] content) =>
        tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
        {
            Mode = (UnixFileMode)0x1A4,
            ModificationTime = DateTimeOffset.UnixEpoch,
            DataStream = new MemoryStream(content),
        });

    private static JsonObject Descriptor(string mediaType, byte[] content) => new()
    {
        ["mediaType"] = mediaType,
        ["digest"] = Digest(content),
        ["size"] = content.Length,
    };

    private static void AddIfAny(JsonObject target, string name, IReadOnlyList<string> values)
    {
        if (values.Count > 0)
        {
            target[name] = Strings(values);
        }
    }

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);

    private static byte[] Bytes(JsonObject json) => JsonSerializer.SerializeToUtf8Bytes(json);
}
