// Brings schema.txt up to date with a release: what upstream declares in the struct tags of its types (k8s.io/api,
// k8s.io/apimachinery; Apache-2.0), that
// is numbers in protobuf, when a field is written, and how a strategic merge patch treats it. Any Go program that was
// built with them carries the tags in
// its type descriptors, so its binary is all that is needed:
//     dotnet run Resources/Kernel/Schema/schema.cs -- BINARY Resources/Kernel/Schema/schema.txt
// The binary must be linked statically for linux/amd64 (such as kubectl or, for a newer release, kubernetes-mcp-server
// from npm). Types and fields that the
// program does not have stay as they are; every change is printed.
#:property PublishAot=false
#:property TreatWarningsAsErrors=false
using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

var go = new GoTypes(File.ReadAllBytes(args[0]));
var byName = go.Structs().GroupBy(s => s.Name).ToDictionary(g => g.Key, g => g.ToList());
var lines = File.ReadAllLines(args[1]);
for (var at = 0; at < lines.Length; at++)
{
    var owner = lines[at].Split(' ');
    var end = at + 1;
    while (end < lines.Length && lines[end].StartsWith("  ", StringComparison.Ordinal))
    {
        end++;
    }

    // Definitions of custom resources and API services have types of their own that most programs lack.
    if (end == at + 1 || Find(owner, lines[(at + 1)..end]) is not { } fields)
    {
        continue;
    }

    for (var i = at + 1; i < end; i++)
    {
        var words = lines[i].Trim().Split(' ').ToList();
        if (fields.TryGetValue(words[0], out var field) && words[2] != "-")
        {
            var updated = "  " + string.Join(' ', field.Apply(words));
            if (updated != lines[i])
            {
                Console.WriteLine($"{owner[1]}:\n- {lines[i]}\n+ {updated}");
                lines[i] = updated;
            }
        }
    }
}

File.WriteAllLines(args[1], lines);

// The struct of a type: of all of its name, the one that shares most fields with the table, and its group if two share
// as many.
Dictionary<string, GoField>? Find(string[] owner, string[] table)
{
    if (owner.FirstOrDefault(w => w.StartsWith("go=", StringComparison.Ordinal)) is not { } name)
    {
        return null;
    }

    var names = table.Select(l => l.Trim().Split(' ')[0]).ToHashSet();
    return byName.GetValueOrDefault(name[3..])?
        .Select(s => (Fields: go.Fields(
            s.Address), IsOfGroup: owner[0].Contains($".{s.Package.Split('/')[^2]}.", StringComparison.Ordinal)))
        .Where(c => c.Fields.Keys.Any(names.Contains))
        .OrderByDescending(c => (c.Fields.Keys.Count(names.Contains) * 1000) - c.Fields.Count + (c.IsOfGroup ? 500 : 0))
        .FirstOrDefault().Fields;
}

/// <summary>What upstream's tags say of a field.</summary>
internal sealed record GoField(string Numbers, string Presence, string? Merge, bool Retains)
{
    /// <summary>The words of the table's line with this field's facts in place of the old ones.</summary>
    public IEnumerable<string> Apply(List<string> words)
    {
        var rest = words.Skip(3).Where(w =>
            w[0] != '#' && w != "merge" && w != "retain" && !w.StartsWith("merge=", StringComparison.Ordinal)).ToList();
        var own = rest.Where(w => !w.StartsWith("go=", StringComparison.Ordinal));
        var last = rest.Where(w => w.StartsWith("go=", StringComparison.Ordinal));
        string?[] facts = [Merge, Retains ? "retain" : null];
        return [words[0], words[1], Presence, .. Numbers.Length > 0
            ? [$"#{Numbers}"] : Array.Empty<string>(), .. own, .. facts.OfType<string>(), .. last];
    }
}

internal sealed record GoStruct(ulong Address, string Name, string Package);

/// <summary>The type descriptors in a Go binary (internal/abi).</summary>
internal sealed class GoTypes(byte[] image)
{
    private const int StructKind = 25;
    private const int PointerKind = 22;
    private const int ListKind = 23;
    private const int NamedFlag = 4;
    private const int StructBytes = 80;
    private static readonly Regex Json = new("json:\"([^\"]*)\"");
    private static readonly Regex PatchStrategy = new("patchStrategy:\"([^\"]*)\"");
    private static readonly Regex PatchMergeKey = new("patchMergeKey:\"([^\"]*)\"");
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

    /// <summary>All fields by their JSON names, those of inlined messages too.</summary>
    public Dictionary<string, GoField> Fields(ulong address)
    {
        var found = new Dictionary<string, GoField>();
        AddFields(address, "", found);
        return found;
    }

    private void AddFields(ulong address, string numbers, Dictionary<string, GoField> found)
    {
        if (!_visiting.Add(address))
        {
            return;
        }

        foreach (var field in FieldsOf(address))
        {
            var number = Protobuf.Match(field.Tag).Groups[1].Value;
            var path = number.Length == 0 ? "" : numbers.Length == 0 ? number : $"{numbers}.{number}";
            var json = Json.Match(field.Tag).Groups[1].Value.Split(',');
            if (json.Contains("inline") && number.Length > 0)
            {
                AddFields(Target(field.Type), path, found);
            }
            else if (json[0].Length > 0 && json[0] != "-" && number.Length > 0)
            {
                var isMessage = IsNamedList(field.Type) && field.Tag.Contains(",opt,", StringComparison.Ordinal);
                found[json[0]] = new GoField(
                    isMessage ? $"{path}.1" : path, Presence(field.Type, json), Merge(field.Tag), Strategy(field.Tag).Contains("retainKeys"));
            }
        }

        _visiting.Remove(address);
    }

    /// <summary>Go's omitempty leaves no struct out; omitzero does.</summary>
    private string Presence(ulong type, string[] json)
    {
        var kind = image[Offset(type + 23)] & 31;
        var isOmitted = json.Contains("omitzero") || (json.Contains("omitempty") && kind != StructKind);
        return (kind == PointerKind, isOmitted) switch
        {
            (true, true) => "p",
            (true, false) => "n",
            (false, true) => "o",
            _ => "a",
        };
    }

    /// <summary>A list with a name of its own is a message of one field.</summary>
    private bool IsNamedList(ulong type) =>
        (image[Offset(type + 23)] & 31) == ListKind && (image[Offset(type + 20)] & NamedFlag) != 0;

    private static string[] Strategy(string tag) => PatchStrategy.Match(tag).Groups[1].Value.Split(',');

    private static string? Merge(string tag) => !Strategy(tag).Contains("merge") ? null
        : PatchMergeKey.Match(tag) is { Success: true } key ? $"merge={key.Groups[1].Value}"
        : "merge";

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
