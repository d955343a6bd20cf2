using System.Globalization;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel.Schema;

/// <summary>Reads <c>schema.txt</c>, whose head says what its words mean, into the graph.</summary>
internal sealed class SchemaTable
{
    private const string Resource = "schema.txt";

    private static readonly Dictionary<string, ScalarKind> ScalarNames = new(StringComparer.Ordinal)
    {
        ["string"] = ScalarKind.String, ["bool"] = ScalarKind.Boolean, ["int32"] = ScalarKind.Int32,
        ["int64"] = ScalarKind.Int64, ["double"] = ScalarKind.Double, ["bytes"] = ScalarKind.Bytes,
        ["time"] = ScalarKind.Time, ["microtime"] = ScalarKind.MicroTime, ["quantity"] = ScalarKind.Quantity,
        ["intorstring"] = ScalarKind.IntOrString,
        ["io.k8s.apimachinery.pkg.api.resource.Quantity"] = ScalarKind.Quantity,
    };

    private readonly Dictionary<string, ObjectSchema> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AnySchema> _anything = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _scalars = new(StringComparer.Ordinal);
    private readonly HashSet<string> _metaKinds = new(StringComparer.Ordinal);

    private SchemaTable()
    {
    }

    /// <summary>In the order of the table, which is that of names.</summary>
    public IReadOnlyList<ObjectSchema> Objects { get; private set; } = [];

    public IReadOnlyDictionary<string, string> Scalars => _scalars;

    public IReadOnlyList<string> GroupVersions { get; private set; } = [];

    /// <summary>Kinds of meta, which are registered in every group and version.</summary>
    public IReadOnlySet<string> MetaKinds => _metaKinds;

    public static SchemaTable Read()
    {
        using var stream = typeof(SchemaTable).Assembly.GetManifestResourceStream(Resource);
        Invariant.Check(stream is not null, "the data table is embedded", Resource);
        using var reader = new StreamReader(stream);
        var table = new SchemaTable();
        table.Read(reader);
        return table;
    }

    /// <summary>Types first, since fields may be of types that come later.</summary>
    private void Read(StreamReader reader)
    {
        var pending = new List<(ObjectSchema Owner, string[]? Required, List<string> Lines)>();
        while (reader.ReadLine() is { } line)
        {
            switch (line)
            {
                case "" or ['#', ..]:
                    break;
                case [' ', ..]:
                    pending[^1].Lines.Add(line);
                    break;
                case ['@', ..]:
                    ReadDirective(line.Split(' '));
                    break;
                default:
                    var words = line.Split(' ');
                    if (ReadType(words) is { } owner)
                    {
                        pending.Add((owner, RequiredOrder(words[^1]), []));
                    }

                    break;
            }
        }

        foreach (var (owner, required, lines) in pending)
        {
            owner.Complete(
                [.. lines.Select(l => ReadField(l.Split(' ', StringSplitOptions.RemoveEmptyEntries)))], required);
        }

        Objects = [.. pending.Select(p => p.Owner)];
    }

    private void ReadDirective(string[] words)
    {
        if (words[0] == "@groups")
        {
            GroupVersions = words[1..];
        }
        else
        {
            Invariant.Check(words[0] == "@meta", "a directive is known", words[0]);
            _metaKinds.UnionWith(words[1..]);
        }
    }

    /// <summary>Null for what is no object.</summary>
    private ObjectSchema? ReadType(string[] words)
    {
        var attributes = words.Skip(2).Select(w => Cut(w, '='))
            .ToDictionary(w => w.Head, w => w.Tail, StringComparer.Ordinal);
        var name = words[0];
        if (attributes.GetValueOrDefault("scalar") is { } scalar)
        {
            _scalars.Add(name, scalar);
            _anything.Add(name, new AnySchema(name));
            return null;
        }

        var (package, goName) = attributes.GetValueOrDefault("go") is { } go ? Cut(go, '.') : ("", "");
        var schema = new ObjectSchema
        {
            Name = name,
            Model = words[1] == "-" ? null : words[1],
            GoPackage = package,
            GoName = goName!,
            Kind = attributes.GetValueOrDefault("group") is { } group ? KindOf(name, group) : null,
            IsAtomic = attributes.ContainsKey("atomic"),
            Union = attributes.GetValueOrDefault("union") is { } union ? ReadUnion(union) : null,
            HasMessage = attributes.ContainsKey("protobuf"),
            IsPublished = !attributes.ContainsKey("unpublished"),
            Internal = attributes.GetValueOrDefault("internal") is { } form
                ? [.. form.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ReadInternal)]
                : null,
        };
        _objects.Add(name, schema);
        return schema;
    }

    private static string[]? RequiredOrder(string word) =>
        Cut(word, '=') is ("required", { } names) ? names.Split(',') : null;

    private static SchemaKind KindOf(string name, string group)
    {
        var parts = name.Split('.');
        return new SchemaKind(group, parts[^2], parts[^1]);
    }

    private static SchemaUnion ReadUnion(string text)
    {
        var (discriminator, fields) = Cut(text, ':');
        return new SchemaUnion(discriminator, fields!.Split(','));
    }

    private static InternalField ReadInternal(string text)
    {
        var bare = text.TrimEnd('*', '!');
        var (name, json) = Cut(bare, '=');
        var marks = text.AsSpan(bare.Length);
        return new InternalField(name, json ?? name, marks.Contains('*'), marks.Contains('!'));
    }

    private SchemaField ReadField(string[] words)
    {
        var attributes = words.Skip(3).Where(w => w[0] != '#').Select(w => Cut(w, '='))
            .ToDictionary(w => w.Head, w => w.Tail, StringComparer.Ordinal);
        var (topology, keys) = ReadTopology(attributes);
        return new SchemaField(words[0], ReadNode(words[1], topology, keys), ReadPresence(words[2]))
        {
            IsRequired = attributes.ContainsKey("required"),
            Topology = topology,
            Keys = keys,
            Merges = attributes.ContainsKey("merge"),
            MergeKey = attributes.GetValueOrDefault("merge"),
            RetainsKeys = attributes.ContainsKey("retain"),
            IsReplaced = attributes.ContainsKey("replace"),
            GoType = attributes.GetValueOrDefault("go"),
            Default = attributes.GetValueOrDefault("default"),
            Numbers = words.Length > 3 && words[3][0] == '#'
                ? [.. words[3][1..].Split('.').Select(n => int.Parse(n, CultureInfo.InvariantCulture))]
                : [],
        };
    }

    private static (Topology Topology, string[] Keys) ReadTopology(Dictionary<string, string?> attributes) =>
        (attributes.GetValueOrDefault("list"), attributes.GetValueOrDefault("map")) switch
        {
            ("atomic", _) or (_, "atomic") => (Topology.Atomic, []),
            ("set", _) => (Topology.Set, []),
            ({ } keys, _) => (Topology.Keyed, keys.Split(',')),
            (_, "granular") => (Topology.Granular, []),
            _ => (Topology.Undeclared, []),
        };

    private static FieldPresence ReadPresence(string mark) => mark switch
    {
        "a" => FieldPresence.Always,
        "n" => FieldPresence.AlwaysNullable,
        "o" => FieldPresence.OmitZero,
        "p" => FieldPresence.Pointer,
        "-" => FieldPresence.Unmodelled,
        _ => throw new InvariantViolationException($"The presence {mark} is not one of the table's."),
    };

    /// <summary>What a field declares is about its outermost list or map.</summary>
    private SchemaNode ReadNode(string text, Topology topology = Topology.Undeclared, string[]? keys = null) =>
        text switch
    {
        ['[', ']', .. var items] => new ListSchema(ReadNode(items), topology, keys ?? []),
        ['{', '}', .. var values] => new MapSchema(ReadNode(values), topology),
        _ when ScalarNames.TryGetValue(text, out var kind) => ScalarSchema.Of(kind),
        _ when _objects.TryGetValue(text, out var known) => known,
        _ when _anything.TryGetValue(text, out var any) => any,
        _ => throw new InvariantViolationException($"The table has no type {text}."),
    };

    private static (string Head, string? Tail) Cut(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }
}
