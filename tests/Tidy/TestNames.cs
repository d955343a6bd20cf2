using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Tidy;

/// <summary>What one project of tests declares.</summary>
/// <param name="namespaces">Of its files.</param>
/// <param name="classes">With their namespaces.</param>
/// <param name="methods">With namespace and class.</param>
public sealed partial class TestNames(
    IReadOnlySet<string> namespaces, IReadOnlySet<string> classes, IReadOnlySet<string> methods)
{
    private readonly HashSet<string> _short =
        [.. classes.Concat(methods).Select(n => n[(n.LastIndexOf('.') + 1)..])];

    public static TestNames Of(IEnumerable<SourceFile> files)
    {
        var (namespaces, classes, methods) = (new HashSet<string>(), new HashSet<string>(), new HashSet<string>());
        foreach (var file in files)
        {
            var space = Space().Match(file.Code).Groups[1].Value;
            var types = Class().Matches(file.Code).Select(c => $"{space}.{c.Groups[1].Value}").ToList();
            namespaces.Add(space);
            classes.UnionWith(types);
            methods.UnionWith(types.SelectMany(
                t => Method().Matches(file.Code).Select(m => $"{t}.{m.Groups[1].Value}")));
        }

        return new TestNames(namespaces, classes, methods);
    }

    /// <summary>Whether a class or a method is called so.</summary>
    public bool Declares(string name) => _short.Contains(name);

    /// <summary>Whether a filter of the test runner finds something.</summary>
    public bool Has(string kind, string pattern)
    {
        var form = $"^{Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal)}$";
        return (kind switch { "class" => classes, "method" => methods, _ => namespaces })
            .Any(name => Regex.IsMatch(name, form));
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Space();

    [GeneratedRegex(@"\bclass (\w+)")]
    private static partial Regex Class();

    [GeneratedRegex(@"\bpublic (?:static )?(?:async )?(?:void|Task) (\w+)\(")]
    private static partial Regex Method();
}
