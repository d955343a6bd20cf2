using k8s.Models;

namespace OrleansOrchestrator.Resources.Rbac;

/// <summary>
/// The roles and bindings that every API server makes on its own, read from <c>bootstrap.txt</c>, whose head explains
/// its words.
/// </summary>
public static class BootstrapPolicy
{
    /// <summary>An object on which this says <c>false</c> is its administrator's alone.</summary>
    public const string AutoUpdateAnnotation = "rbac.authorization.kubernetes.io/autoupdate";

    private const string AccountNamespace = "kube-system";

    private static readonly string[] Read = ["get", "list", "watch"];
    private static readonly string[] Write = ["create", "delete", "deletecollection", "patch", "update"];

    static BootstrapPolicy()
    {
        using var stream = typeof(BootstrapPolicy).Assembly.GetManifestResourceStream("bootstrap.txt")!;
        using var reader = new StreamReader(stream);
        foreach (var line in reader.ReadToEnd().Split('\n').Where(l => l.Length > 0 && l[0] != '#'))
        {
            Add(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), isRule: line[0] == ' ');
        }
    }

    public static IList<V1ClusterRole> ClusterRoles { get; } = [];

    public static IList<V1Role> Roles { get; } = [];

    public static IList<V1ClusterRoleBinding> ClusterRoleBindings { get; } = [];

    public static IList<V1RoleBinding> RoleBindings { get; } = [];

    /// <summary>The rules of the role that is being read.</summary>
    private static IList<V1PolicyRule> Rules { get; set; } = [];

    private static void Add(string[] words, bool isRule)
    {
        if (isRule)
        {
            Rules.Add(ReadRule(words));
            return;
        }

        switch (words[0])
        {
            case "role": AddRole(words[1], words); break;
            case "controller":
                AddRole($"system:controller:{words[1]}", words);
                AddBinding($"system:controller:{words[1]}", ["account:" + words[1]], null, null);
                break;
            default:
                AddBinding(words[1], words[2..].Where(IsSubject), After("in", words), After("as", words));
                break;
        }
    }

    private static void AddRole(string name, string[] words)
    {
        Rules = [];
        if (After("in", words) is { } space)
        {
            Roles.Add(new V1Role { Metadata = Metadata(name, space), Rules = Rules });
            return;
        }

        var role = new V1ClusterRole { Metadata = Metadata(name, null), Rules = Rules };
        if (After("label", words) is { } label)
        {
            role.Metadata.Labels[Aggregate(label)] = "true";
        }

        if (After("aggregates", words) is { } aggregate)
        {
            role.Rules = null;
            role.AggregationRule = new V1AggregationRule
            {
                ClusterRoleSelectors =
                [
                    new V1LabelSelector
                    {
                        MatchLabels = new Dictionary<string, string> { [Aggregate(aggregate)] = "true" },
                    },
                ],
            };
        }

        ClusterRoles.Add(role);
    }

    private static void AddBinding(string role, IEnumerable<string> subjects, string? space, string? name)
    {
        List<Rbacv1Subject> read = [.. subjects.Select(ReadSubject)];
        IList<Rbacv1Subject>? given = read.Count == 0 ? null : read;
        var reference = new V1RoleRef
        {
            ApiGroup = V1Role.KubeGroup, Kind = space is null ? "ClusterRole" : "Role", Name = role,
        };
        if (space is null)
        {
            ClusterRoleBindings.Add(new V1ClusterRoleBinding
            {
                Metadata = Metadata(name ?? role, null), RoleRef = reference, Subjects = given,
            });
        }
        else
        {
            RoleBindings.Add(new V1RoleBinding
            {
                Metadata = Metadata(name ?? role, space), RoleRef = reference, Subjects = given,
            });
        }
    }

    private static bool IsSubject(string word) => word.Split(':', 2)[0] is "user" or "group" or "account";

    private static Rbacv1Subject ReadSubject(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = text[(colon + 1)..];
        return text[..colon] switch
        {
            "user" => new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = name },
            "group" => new() { Kind = "Group", ApiGroup = V1Role.KubeGroup, Name = name },
            _ => new() { Kind = "ServiceAccount", Name = name, NamespaceProperty = AccountNamespace },
        };
    }

    private static V1PolicyRule ReadRule(string[] words) => words switch
    {
        ["events"] => ReadRule(["create,patch,update", "core,events.k8s.io", "events"]),
        [var verbs, var paths] => new() { Verbs = ReadVerbs(verbs), NonResourceURLs = paths.Split(',') },
        [var verbs, var groups, var resources, .. var names] => new()
        {
            Verbs = ReadVerbs(verbs),
            ApiGroups = [.. groups.Split(',').Select(g => g == "core" ? "" : g)],
            Resources = resources.Split(','),
            ResourceNames = names.Length == 0 ? null : names[0].Split(','),
        },
        _ => throw new InvalidOperationException($"The rule {string.Join(' ', words)} says too little."),
    };

    private static IList<string> ReadVerbs(string word) => word switch
    {
        "read" => Read,
        "write" => Write,
        "all" => [.. Read.Concat(Write).Order(StringComparer.Ordinal)],
        _ => word.Split(','),
    };

    private static string? After(string word, string[] words) =>
        Array.IndexOf(words, word) is var at and > 0 ? words[at + 1] : null;

    private static string Aggregate(string role) => $"rbac.authorization.k8s.io/aggregate-to-{role}";

    private static V1ObjectMeta Metadata(string name, string? space) => new()
    {
        Name = name,
        NamespaceProperty = space,
        Labels = new Dictionary<string, string> { ["kubernetes.io/bootstrapping"] = "rbac-defaults" },
        Annotations = new Dictionary<string, string> { [AutoUpdateAnnotation] = "true" },
    };
}
