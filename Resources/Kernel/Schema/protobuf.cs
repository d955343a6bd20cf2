// Makes protobuf.txt: the numbers of the fields, which upstream declares in the struct tags of its types (k8s.io/api,
// k8s.io/apimachinery; Apache-2.0). Any Go program that was built with them carries the tags in its type descriptors,
// so its binary is all that is needed:
//     dotnet run Resources/Kernel/Schema/protobuf.cs -- BINARY Resources/Kernel/Schema/types.txt \
//         Resources/Kernel/Schema/protobuf.txt
// The binary must be linked statically for linux/amd64 (such as kubectl or, for a newer release, kubernetes-mcp-server
// from npm).
#:property PublishAot=false
#:property TreatWarningsAsErrors=false
using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

var go = new GoTypes(File.ReadAllBytes(args[0]));
var byName = go.Structs().GroupBy(s => s.Name).ToDictionary(g => g.Key, g => g.ToList());
var lines = new List<string>
{
    "# Numbers of the fields in Kubernetes' protobuf, made by protobuf.cs. A line is a message: model class, fields. A field is",
    "# NAME=NUMBER; NUMBER{...} is an embedded message whose fields are inlined in JSON. Types are the model's; kind and apiVersion",
    "# of objects are in the envelope.",
};
foreach (var words in File.ReadLines(args[1]).Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Split(' ')))
{
    // Definitions of custom resources and API services have types of their own that no model shows.
    if (words[0].StartsWith("Apiextensions", StringComparison.Ordinal)
        || words[0].StartsWith("Apiregistration", StringComparison.Ordinal))
    {
        continue;
    }

    var names = words[3..].Select(w => w[..w.IndexOf(':')]).ToHashSet();
    var best = byName.GetValueOrDefault($"{words[2]}.{words[1]}")?
        .Select(s => (Struct: s, Known: go.Names(s.Address), Group: s.Package.Split('/')[^2]))
        .Where(c => c.Known.Count > 0 && c.Group != "apiextensions")
        .OrderByDescending(c => c.Known.Count(names.Contains) * 1000 - c.Known.Count
            + (words[0].StartsWith(c.Group, StringComparison.OrdinalIgnoreCase) ? 500 : 0))
        .FirstOrDefault();
    if (best is not { Struct: { } found } || !best.Value.Known.Any(names.Contains))
    {
        Console.WriteLine($"no message: {words[0]}");
        continue;
    }

    var missing = names.Except(best.Value.Known).Except(["kind", "apiVersion"]).ToList();
    if (missing.Count > 0)
    {
        Console.WriteLine($"{words[0]} ({found.Package}) lacks {string.Join(" ", missing)}");
    }

    lines.Add($"{words[0]} {go.Fields(found.Address, names)}");
}

File.WriteAllText(args[2], string.Join('\n', lines) + "\n");

internal sealed record GoStruct(ulong Address, string Name, string Package);

/// <summary>The type descriptors in a Go binary (internal/abi).</summary>
internal sealed class GoTypes(byte[] image)
{
    private const int StructKind = 25;
    private const int PointerKind = 22;
    private const int StructBytes = 80;
    private static readonly Regex Json = new("json:\"([^\"]*)\"");
    private static readonly Regex Protobuf = new("protobuf:\"[a-z0-9]+,([0-9]+)");
    private readonly (ulong Address, ulong Offset, ulong Length)[] _segments = Segments(image);
    private readonly HashSet<ulong> _visiting = [];

    public IEnumerable<GoStruct> Structs()
    {
        var found = new List<ulong>();
        foreach (var (address, offset, length) in _segments)
        {
            for (var at = 0UL; at + StructBytes < length; at += 8)
            {
                if ((image[offset + at + 23] & 31) == StructKind && Tagged(address + at))
                {
                    found.Add(address + at);
                }
            }
        }

        var pod = found.First(a => FieldsOf(a).Select(f => f.Name).ToHashSet().IsSupersetOf(["EphemeralContainers", "NodeName", "HostIPC"]));
        var entry = image.AsSpan().IndexOf("\x01\x0b*v1.PodSpec"u8);
        var types = AddressOf((ulong)entry) - (ulong)Int32(pod + 40);
        foreach (var address in found.Where(a => (image[Offset(a + 20)] & 1) != 0))
        {
            var name = NameAt(types + (ulong)Int32(address + 40)).Name.TrimStart('*');
            yield return new GoStruct(address, name, NameAt(types + (ulong)Int32(address + StructBytes)).Name);
        }
    }

    /// <summary>All JSON names, those of inlined messages too.</summary>
    public HashSet<string> Names(ulong address) =>
        [.. Regex.Matches(Fields(address, null), "([A-Za-z0-9]+)=").Select(m => m.Groups[1].Value)];

    public string Fields(ulong address, HashSet<string>? wanted)
    {
        var words = new List<string>();
        if (!_visiting.Add(address))
        {
            return "";
        }

        foreach (var field in FieldsOf(address))
        {
            var number = Protobuf.Match(field.Tag).Groups[1].Value;
            var name = Json.Match(field.Tag).Groups[1].Value.Split(',')[0];
            if (number.Length == 0)
            {
                continue;
            }

            if (name.Length == 0)
            {
                var inner = Fields(Target(field.Type), wanted);
                words.Add(inner.Length == 0 ? "" : $"{number}{{{inner}}}");
            }
            else if (name != "-" && (wanted is null || wanted.Contains(name)))
            {
                words.Add($"{name}={number}");
            }
        }

        _visiting.Remove(address);
        return string.Join(' ', words.Where(w => w.Length > 0));
    }

    private ulong Target(ulong type) => (image[Offset(type + 23)] & 31) == PointerKind ? UInt64(type + 48) : type;

    private bool Tagged(ulong address)
    {
        var count = UInt64(address + 64);
        return count is > 0 and < 100 && UInt64(address + 72) == count && Has(UInt64(address + 56), count * 24)
            && FieldsOf(address).Any(f => f.Tag.Contains("protobuf:\"", StringComparison.Ordinal));
    }

    private IEnumerable<(string Name, string Tag, ulong Type)> FieldsOf(ulong address)
    {
        if ((image[Offset(address + 23)] & 31) != StructKind)
        {
            yield break;
        }

        var (fields, count) = (UInt64(address + 56), UInt64(address + 64));
        for (var i = 0UL; i < count; i++)
        {
            var name = UInt64(fields + (i * 24));
            if (!Has(name, 8))
            {
                yield break;
            }

            var (text, tag) = NameAt(name);
            yield return (text, tag, UInt64(fields + (i * 24) + 8));
        }
    }

    /// <summary>A flag byte, then length and bytes of the name and, if bit 1 is set, of the tag.</summary>
    private (string Name, string Tag) NameAt(ulong address)
    {
        var at = (int)Offset(address);
        var hasTag = (image[at++] & 2) != 0;
        var name = Text(ref at);
        return (name, hasTag ? Text(ref at) : "");
    }

    private string Text(ref int at)
    {
        var (length, shift) = (0, 0);
        do
        {
            length |= (image[at] & 0x7f) << shift;
            shift += 7;
        }
        while ((image[at++] & 0x80) != 0 && shift < 21);
        length = Math.Min(length, image.Length - at);
        at += length;
        return Encoding.UTF8.GetString(image, at - length, length);
    }

    private bool Has(ulong address, ulong length) =>
        _segments.Any(s => address >= s.Address && address + length <= s.Address + s.Length);

    private ulong Offset(ulong address)
    {
        foreach (var s in _segments)
        {
            if (address >= s.Address && address < s.Address + s.Length)
            {
                return address - s.Address + s.Offset;
            }
        }

        return 0;
    }

    private ulong AddressOf(ulong offset) => _segments.Where(s => offset >= s.Offset && offset < s.Offset + s.Length)
        .Select(s => offset - s.Offset + s.Address).First();

    private ulong UInt64(ulong address) => BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan((int)Offset(address)));

    private int Int32(ulong address) => BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan((int)Offset(address)));

    /// <summary>The loaded segments that hold no code.</summary>
    private static (ulong Address, ulong Offset, ulong Length)[] Segments(byte[] image)
    {
        var table = (int)BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(32));
        var count = BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(56));
        var found = new List<(ulong, ulong, ulong)>();
        for (var i = 0; i < count; i++)
        {
            var header = image.AsSpan(table + (i * 56));
            var isLoaded = BinaryPrimitives.ReadUInt32LittleEndian(header) == 1;
            if (isLoaded && (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) & 1) == 0)
            {
                found.Add((
                    BinaryPrimitives.ReadUInt64LittleEndian(header[16..]), BinaryPrimitives.ReadUInt64LittleEndian(header[8..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(header[32..])));
            }
        }

        return [.. found];
    }
}
