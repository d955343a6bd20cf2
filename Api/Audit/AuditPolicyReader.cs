using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>Reads a policy (<c>audit.k8s.io/v1</c>) and checks it by upstream's rules.</summary>
public static class AuditPolicyReader
{
    private static readonly string[] Levels = Enum.GetNames<AuditLevel>();

    private static readonly string[] Stages =
        [.. Enum.GetNames<AuditStages>().Where(static s => s != nameof(AuditStages.None))];

    private static readonly FieldPath Rules = FieldPath.Of("rules");

    private static readonly ConfigurationKind Kind = new("Policy", "audit.k8s.io/v1");

    /// <summary>Reads YAML or JSON. Fields that nobody knows are passed over, as upstream does it.</summary>
    /// <exception cref="ConfigurationException">It is no policy, or a wrong one; all of it is told.</exception>
    public static AuditPolicy Read(ReadOnlySpan<byte> text)
    {
        var errors = new FieldErrors();
        var (rules, passedOver) = ConfigurationFile.ReadLeniently(text, [Kind], root => ReadRules(root, errors));
        return errors.Count > 0 ? throw new ConfigurationException(errors.ToText())
            : rules.Count == 0 ? throw new ConfigurationException("loaded illegal policy with 0 rules")
            : new AuditPolicy(rules) { PassedOver = passedOver };
    }

    private static List<AuditRule> ReadRules(ConfigurationNode root, FieldErrors errors)
    {
        // Kept by nobody: a policy is a file.
        root.Foreign("metadata");
        var usual = new AuditDecision(
            AuditLevel.None, ReadStages(root, FieldPath.Of("omitStages"), errors),
            root.Flag("omitManagedFields") ?? false);
        return
        [
            .. root.Children("rules").Select((rule, i) => ReadRule(rule, usual, Rules.Index(i), errors)),
        ];
    }

    private static AuditRule ReadRule(ConfigurationNode rule, AuditDecision usual, FieldPath path, FieldErrors errors)
    {
        var (level, urls) = (ReadLevel(rule.Text("level"), path.Child("level"), errors), rule.Texts("nonResourceURLs"));
        ValidateUrls(urls, path.Child("nonResourceURLs"), errors);
        List<AuditedResources> resources =
            [.. rule.Children("resources").Select(r => ReadResources(r, path.Child("resources"), errors))];
        var omitted = ReadStages(rule, path.Child("omitStages"), errors);
        var namespaces = rule.Texts("namespaces");
        if (urls.Count > 0 && (resources.Count > 0 || namespaces.Count > 0))
        {
            errors.Invalid(
                path.Child("nonResourceURLs"), urls,
                "rules cannot apply to both regular resources and non-resource URLs");
        }

        return new AuditRule
        {
            Decision = new AuditDecision(
                level, usual.Omitted | omitted, rule.Flag("omitManagedFields") ?? usual.OmitsManagedFields),
            Users = rule.Texts("users"), UserGroups = rule.Texts("userGroups"), Verbs = rule.Texts("verbs"),
            Resources = resources, Namespaces = namespaces, NonResourceUrls = urls,
        };
    }

    private static AuditLevel ReadLevel(string level, FieldPath path, FieldErrors errors)
    {
        if (level.Length == 0)
        {
            errors.Required(path);
        }
        else if (!Levels.Contains(level))
        {
            errors.NotSupported(path, level, Levels);
        }
        else
        {
            return Enum.Parse<AuditLevel>(level);
        }

        return AuditLevel.None;
    }

    private static AuditedResources ReadResources(ConfigurationNode item, FieldPath path, FieldErrors errors)
    {
        var (group, resources, names) = (item.Text("group"), item.Texts("resources"), item.Texts("resourceNames"));
        if (group is not ("" or AuditedResources.AllGroups))
        {
            errors.InvalidEach(path.Child("group"), group, NameRules.DnsSubdomain(group));
        }

        if (names.Count > 0 && resources.Count == 0)
        {
            errors.Invalid(
                path.Child("resourceNames"), names,
                "using resourceNames requires at least one resource");
        }

        return new AuditedResources(group, resources, names);
    }

    private static void ValidateUrls(IReadOnlyList<string> urls, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < urls.Count; i++)
        {
            var url = urls[i];
            if (url != "*" && !url.StartsWith('/'))
            {
                errors.Invalid(path.Index(i), url, "non-resource URL rules must begin with a '/' character");
            }

            if (url.Length > 0 && url.AsSpan(0, url.Length - 1).Contains('*'))
            {
                errors.Invalid(
                    path.Index(i), url, "non-resource URL wildcards '*' must be the final character of the rule");
            }
        }
    }

    private static AuditStages ReadStages(ConfigurationNode node, FieldPath path, FieldErrors errors)
    {
        var result = AuditStages.None;
        var names = node.Texts("omitStages");
        for (var i = 0; i < names.Count; i++)
        {
            if (Stages.Contains(names[i]))
            {
                result |= Enum.Parse<AuditStages>(names[i]);
            }
            else
            {
                errors.Invalid(path.Index(i), names[i], $"allowed stages are {string.Join(',', Stages)}");
            }
        }

        return result;
    }
}
