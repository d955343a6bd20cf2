using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.FlowControl.FlowSchemas;

/// <summary>Validation of whom a rule is for: what is given is what the kind says, and nothing else.</summary>
internal static class SubjectRules
{
    private const string ServiceAccount = "ServiceAccount";
    private static readonly string[] Kinds = ["Group", ServiceAccount, "User"];

    public static void Validate(Flowcontrolv1Subject subject, FieldPath path, FieldErrors errors)
    {
        if (!Kinds.Contains(subject.Kind))
        {
            errors.NotSupported(path.Child("kind"), subject.Kind ?? "", Kinds);
            return;
        }

        ValidateWanted(subject, path, errors);
        foreach (var (kind, field, given) in (ReadOnlySpan<(string, string, object?)>)[
            (ServiceAccount, "serviceAccount", subject.ServiceAccount), ("User", "user", subject.User),
            ("Group", "group", subject.Group)])
        {
            if (given is not null && kind != subject.Kind)
            {
                errors.Forbidden(path.Child(field), $"{field} is forbidden when subject kind is not '{kind}'");
            }
        }
    }

    private static void ValidateWanted(Flowcontrolv1Subject subject, FieldPath path, FieldErrors errors)
    {
        switch (subject.Kind)
        {
            case ServiceAccount when subject.ServiceAccount is { } account:
                ValidateAccount(account, path.Child("serviceAccount"), errors);
                break;
            case "User" when subject.User is { } user:
                ValidateGiven(user.Name, path.Child("user", "name"), errors);
                break;
            case "Group" when subject.Group is { } group:
                ValidateGiven(group.Name, path.Child("group", "name"), errors);
                break;
            default:
                var field = char.ToLowerInvariant(subject.Kind[0]) + subject.Kind[1..];
                errors.Required(path.Child(field), $"{field} is required when subject kind is '{subject.Kind}'");
                break;
        }
    }

    private static void ValidateGiven(string? name, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(path);
        }
    }

    private static void ValidateAccount(V1ServiceAccountSubject account, FieldPath path, FieldErrors errors)
    {
        ValidateGiven(account.Name, path.Child("name"), errors);
        if (account.Name is { Length: > 0 } name && name != "*")
        {
            errors.InvalidEach(path.Child("name"), name, NameRules.DnsSubdomain(name));
        }

        if (account.NamespaceProperty is { Length: > 0 } space)
        {
            errors.InvalidEach(path.Child("namespace"), space, NameRules.DnsLabel(space));
        }
        else
        {
            errors.Required(path.Child("namespace"), "must specify namespace for service account");
        }
    }
}
