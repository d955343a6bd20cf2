using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Rbac.Bindings;

/// <summary>Defaults, validation and cells of what the two kinds of bindings have in common.</summary>
internal static class BindingRules
{
    private const string Group = V1Role.KubeGroup;
    private const string ServiceAccount = "ServiceAccount";
    private const string User = "User";
    private static readonly string[] SubjectKinds = [ServiceAccount, User, "Group"];
    private static readonly FieldPath RoleRef = FieldPath.Of("roleRef");
    private static readonly FieldPath Subjects = FieldPath.Of("subjects");

    public static IReadOnlyList<TableColumn> Columns(string kind) =>
    [
        TableColumns.Name,
        new("Role", "string", "", RoleText(kind)),
        TableColumns.Age,
        new("Users", "string", "", $"Users in the {kind}", Priority: 1),
        new("Groups", "string", "", $"Groups in the {kind}", Priority: 1),
        new("ServiceAccounts", "string", "", $"ServiceAccounts in the {kind}", Priority: 1),
    ];

    public static IReadOnlyList<object?> Cells(
        string name, V1RoleRef role, IList<Rbacv1Subject>? subjects, string age) =>
    [
        name,
        $"{role.Kind}/{role.Name}",
        age,
        Joined(subjects, s => s.Kind == User, s => s.Name),
        Joined(subjects, s => s.Kind == "Group", s => s.Name),
        Joined(subjects, s => s.Kind == ServiceAccount, s => $"{s.NamespaceProperty}/{s.Name}"),
    ];

    public static void SetDefaults(V1RoleRef role, IList<Rbacv1Subject>? subjects)
    {
        role.ApiGroup = role.ApiGroup is { Length: > 0 } group ? group : Group;
        foreach (var subject in subjects ?? [])
        {
            if (string.IsNullOrEmpty(subject.ApiGroup) && subject.Kind is User or "Group")
            {
                subject.ApiGroup = Group;
            }
        }
    }

    public static void Validate(
        V1RoleRef role, IList<Rbacv1Subject>? subjects, bool isNamespaced, FieldErrors errors)
    {
        if (role.ApiGroup != Group)
        {
            errors.NotSupported(RoleRef.Child("apiGroup"), role.ApiGroup ?? "", [Group]);
        }

        string[] kinds = isNamespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
        if (!kinds.Contains(role.Kind))
        {
            errors.NotSupported(RoleRef.Child("kind"), role.Kind ?? "", kinds);
        }

        if (string.IsNullOrEmpty(role.Name))
        {
            errors.Required(RoleRef.Child("name"));
        }
        else
        {
            errors.InvalidEach(RoleRef.Child("name"), role.Name, NameRules.PathSegment(role.Name));
        }

        for (var i = 0; i < (subjects?.Count ?? 0); i++)
        {
            ValidateSubject(subjects![i], isNamespaced, Subjects.Index(i), errors);
        }
    }

    /// <summary>A binding is to one role for ever: who may bind was asked for that one.</summary>
    public static void ValidateRole(V1RoleRef role, V1RoleRef old, FieldErrors errors)
    {
        if (!ModelShape.SemanticEquals(role, old))
        {
            errors.Invalid(RoleRef, InternalForm.Shown(role), "cannot change roleRef");
        }
    }

    private static void ValidateSubject(Rbacv1Subject subject, bool isNamespaced, FieldPath path, FieldErrors errors)
    {
        var isNamed = !string.IsNullOrEmpty(subject.Name);
        if (!isNamed)
        {
            errors.Required(path.Child("name"));
        }

        if (subject.Kind == ServiceAccount)
        {
            ValidateAccount(subject, isNamespaced, path, errors);
        }
        else if (SubjectKinds.Contains(subject.Kind))
        {
            if (!isNamed)
            {
                errors.Invalid(
                    path.Child("name"),
                    "",
                    subject.Kind == User ? "user name cannot be empty" : "group name cannot be empty");
            }

            if (subject.ApiGroup != Group)
            {
                errors.NotSupported(path.Child("apiGroup"), subject.ApiGroup ?? "", [Group]);
            }
        }
        else
        {
            errors.NotSupported(path.Child("kind"), subject.Kind ?? "", SubjectKinds);
        }
    }

    private static void ValidateAccount(Rbacv1Subject subject, bool isNamespaced, FieldPath path, FieldErrors errors)
    {
        if (subject.Name is { Length: > 0 } name)
        {
            errors.InvalidEach(path.Child("name"), name, NameRules.DnsSubdomain(name));
        }

        if (subject.ApiGroup is { Length: > 0 } group)
        {
            errors.NotSupported(path.Child("apiGroup"), group, [""]);
        }

        if (!isNamespaced && string.IsNullOrEmpty(subject.NamespaceProperty))
        {
            errors.Required(path.Child("namespace"));
        }
    }

    private static string Joined(
        IList<Rbacv1Subject>? subjects, Func<Rbacv1Subject, bool> isOne, Func<Rbacv1Subject, string> text) =>
        string.Join(", ", (subjects ?? []).Where(isOne).Select(text));

    private static string RoleText(string kind) => kind == "roleBinding"
        ? "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. " +
        "If the RoleRef " +
          "cannot be resolved, the Authorizer must return an error."
        : "RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the " +
          "Authorizer must return an error.";
}
