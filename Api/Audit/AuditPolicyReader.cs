using System.Text.Json;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>Reads a policy (<c>audit.k8s.io/v1</c>) and checks it by upstream's rules.</summary>
public static class AuditPolicyReader
{
    private static readonly string[] Levels = Enum.GetNames<AuditLevel>();

    private static readonly string[] Stages =
        [.. Enum.GetNames<AuditStages>().Where(static s => s != nameof(AuditStages.None))];

    private static readonly FieldPath Rules = FieldPath.Of("rules");

    /// <summary>Reads YAML or JSON; throws <see cref="FormatException"/> with all complaints.</summary>
    public static AuditPolicy Read(ReadOnlySpan<byte> text)
    {
        var document = Parse(text);
        var errors = new FieldErrors();
        var omitted = ReadStages(document.OmitStages, FieldPath.Of("omitStages"), errors);
        var rules = (document.Rules ?? [])
            .Select((rule, i) => ReadRule(rule ?? new AuditRuleDocument(), document, omitted, Rules.Index(i), errors))
            .ToList();
        return errors.Count == 0
            ? new AuditPolicy(rules)
            : throw new FormatException(string.Join(", ", errors.All.Select(static e => $"{e.Field}: {e.Message}")));
    }

    private static AuditPolicyDocument Parse(ReadOnlySpan<byte> text)
    {
        var document = YamlDocument.Read(text, AuditPolicyJson.Default.AuditPolicyDocument);
        return document is not { ApiVersion: "audit.k8s.io/v1", Kind: "Policy" }
            ? throw new FormatException("this is no Policy of audit.k8s.io/v1")
            : document.Rules is { Count: > 0 } ? document
            : throw new FormatException("loaded illegal policy with 0 rules");
    }

    private static AuditRule ReadRule(
        AuditRuleDocument rule, AuditPolicyDocument policy, AuditStages omitted, FieldPath path, FieldErrors errors)
    {
        var (level, urls) = (ReadLevel(rule.Level, path.Child("level"), errors), Texts(rule.NonResourceUrls));
        ValidateUrls(urls, path.Child("nonResourceURLs"), errors);
        var resources = (rule.Resources ?? [])
            .Select(r => ReadResources(r ?? new AuditedResourcesDocument(), path.Child("resources"), errors)).ToList();
        omitted |= ReadStages(rule.OmitStages, path.Child("omitStages"), errors);
        var namespaces = Texts(rule.Namespaces);
        if (urls.Count > 0 && (resources.Count > 0 || namespaces.Count > 0))
        {
            errors.Invalid(
                path.Child("nonResourceURLs"), urls,
                "rules cannot apply to both regular resources and non-resource URLs");
        }

        return new AuditRule
        {
            Decision = new AuditDecision(
                level, omitted, rule.OmitManagedFields ?? policy.OmitManagedFields ?? false),
            Users = Texts(rule.Users), UserGroups = Texts(rule.UserGroups), Verbs = Texts(rule.Verbs),
            Resources = resources, Namespaces = namespaces, NonResourceUrls = urls,
        };
    }

    private static AuditLevel ReadLevel(string? level, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(level))
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

    private static AuditedResources ReadResources(
        AuditedResourcesDocument item, FieldPath path, FieldErrors errors)
    {
        var (group, resources, names) = (item.Group ?? "", Texts(item.Resources), Texts(item.ResourceNames));
        if (group.Length > 0)
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

    private static void ValidateUrls(List<string> urls, FieldPath path, FieldErrors errors)
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

    private static AuditStages ReadStages(IReadOnlyList<string?>? stages, FieldPath path, FieldErrors errors)
    {
        var result = AuditStages.None;
        var names = Texts(stages);
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

    private static List<string> Texts(IReadOnlyList<string?>? texts) => [.. (texts ?? []).Select(static t => t ?? "")];
}
