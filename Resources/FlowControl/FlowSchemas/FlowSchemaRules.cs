using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.FlowControl.FlowSchemas;

/// <summary>Validation of a FlowSchema's specification.</summary>
internal static class FlowSchemaRules
{
    private const int MaxPrecedence = 10000;
    private const string Any = "*";

    private static readonly string[] Methods = ["ByNamespace", "ByUser"];

    private static readonly string[] Verbs =
        ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public static void Validate(string name, V1FlowSchemaSpec spec, FieldErrors errors)
    {
        ValidatePrecedence(name, spec.MatchingPrecedence ?? 0, Spec.Child("matchingPrecedence"), errors);
        if (spec.DistinguisherMethod is { } method && !Methods.Contains(method.Type))
        {
            errors.NotSupported(Spec.Child("distinguisherMethod", "type"), InternalForm.Shown(method), Methods);
        }

        var level = spec.PriorityLevelConfiguration.Name ?? "";
        var levelPath = Spec.Child("priorityLevelConfiguration", "name");
        if (level.Length == 0)
        {
            errors.Required(levelPath, "must reference a priority level");
        }
        else
        {
            errors.InvalidEach(levelPath, level, NameRules.DnsSubdomain(level));
        }

        foreach (var (i, rule) in (spec.Rules ?? []).Index())
        {
            ValidateRule(rule, Spec.Child("rules").Index(i), errors);
        }
    }

    private static void ValidatePrecedence(string name, int precedence, FieldPath path, FieldErrors errors)
    {
        if (precedence <= 0)
        {
            errors.Invalid(path, precedence, "must be a positive value");
        }

        if (precedence > MaxPrecedence)
        {
            errors.Invalid(path, precedence, $"must not be greater than {MaxPrecedence}");
        }

        if (precedence == 1 && name != "exempt")
        {
            errors.Invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
        }
    }

    private static void ValidateRule(V1PolicyRulesWithSubjects rule, FieldPath path, FieldErrors errors)
    {
        if (rule.Subjects is not { Count: > 0 })
        {
            errors.Required(path.Child("subjects"), "subjects must contain at least one value");
        }

        foreach (var (i, subject) in (rule.Subjects ?? []).Index())
        {
            SubjectRules.Validate(subject, path.Child("subjects").Index(i), errors);
        }

        if (rule.ResourceRules is not { Count: > 0 } && rule.NonResourceRules is not { Count: > 0 })
        {
            errors.Required(path, "at least one of resourceRules and nonResourceRules has to be non-empty");
        }

        foreach (var (i, resource) in (rule.ResourceRules ?? []).Index())
        {
            ValidateResources(resource, path.Child("resourceRules").Index(i), errors);
        }

        foreach (var (i, urls) in (rule.NonResourceRules ?? []).Index())
        {
            ValidateUrls(urls, path.Child("nonResourceRules").Index(i), errors);
        }
    }

    private static void ValidateUrls(V1NonResourcePolicyRule rule, FieldPath path, FieldErrors errors)
    {
        ValidateVerbs(rule.Verbs ?? [], path.Child("verbs"), errors);
        var urls = rule.NonResourceURLs ?? [];
        var urlsPath = path.Child("nonResourceURLs");
        if (urls.Count == 0)
        {
            errors.Required(urlsPath, "nonResourceURLs must contain at least one value");
        }
        else if (urls.Contains(Any))
        {
            OnlyAny(urls, "other non-resource URLs", urlsPath, errors);
        }
        else
        {
            foreach (var (i, url) in urls.Index())
            {
                ValidateUrl(url, urlsPath.Index(i), errors);
            }
        }
    }

    /// <summary>A path from the root, whose only wildcard is its last element.</summary>
    private static void ValidateUrl(string url, FieldPath path, FieldErrors errors)
    {
        var wildcards = url.Count(c => c == '*');
        var complaint = url switch
        {
            "" => "must not be empty",
            "/" => null,
            _ when url[0] != '/' => "must start with slash",
            _ when url.Contains(' ', StringComparison.Ordinal) => "must not contain white-space",
            _ when url.Contains("//", StringComparison.Ordinal) => "must not contain double slash",
            _ when wildcards > 1 || (wildcards == 1 && !url.EndsWith("/*", StringComparison.Ordinal)) =>
                "wildcard can only do suffix matching",
            _ => null,
        };
        if (complaint is not null)
        {
            errors.Invalid(path, url, complaint);
        }
    }

    private static void ValidateResources(V1ResourcePolicyRule rule, FieldPath path, FieldErrors errors)
    {
        ValidateVerbs(rule.Verbs ?? [], path.Child("verbs"), errors);
        ValidateSome(
            rule.ApiGroups ?? [], "resource rules must supply at least one api group", "other api groups",
            path.Child("apiGroups"), errors);
        ValidateSome(
            rule.Resources ?? [], "resource rules must supply at least one resource", "other resources",
            path.Child("resources"), errors);
        ValidateNamespaces(rule.Namespaces ?? [], rule.ClusterScope == true, path.Child("namespaces"), errors);
    }

    private static void ValidateNamespaces(
        IList<string> namespaces, bool isClusterScoped, FieldPath path, FieldErrors errors)
    {
        if (namespaces.Count == 0 && !isClusterScoped)
        {
            errors.Required(path, "resource rules that are not cluster scoped must supply at least one namespace");
        }
        else if (namespaces.Contains(Any))
        {
            OnlyAny(namespaces, "other namespaces", path, errors);
        }
        else
        {
            foreach (var (i, name) in namespaces.Index())
            {
                errors.InvalidEach(
                    path.Index(i),
                    name,
                    NameRules.DnsLabel(name).Select(c =>
                        $"each member of this list must be '*' or a DNS-1123 label; {c}"));
            }
        }
    }

    private static void ValidateVerbs(IList<string> verbs, FieldPath path, FieldErrors errors)
    {
        if (verbs.Count == 0)
        {
            errors.Required(path, "verbs must contain at least one value");
        }
        else if (verbs.Contains(Any))
        {
            OnlyAny(verbs, "other verbs", path, errors);
        }
        else if (!verbs.All(Verbs.Contains))
        {
            errors.NotSupported(path, verbs, Verbs);
        }
    }

    private static void ValidateSome(
        IList<string> values, string missing, string others, FieldPath path, FieldErrors errors)
    {
        if (values.Count == 0)
        {
            errors.Required(path, missing);
        }
        else if (values.Contains(Any))
        {
            OnlyAny(values, others, path, errors);
        }
    }

    private static void OnlyAny(IList<string> values, string others, FieldPath path, FieldErrors errors)
    {
        if (values.Count > 1)
        {
            errors.Invalid(path, values, $"if '*' is present, must not specify {others}");
        }
    }
}
