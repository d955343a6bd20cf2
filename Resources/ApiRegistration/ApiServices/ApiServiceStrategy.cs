using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.ApiRegistration.ApiServices;

/// <summary>The rules of APIServices: which server answers for a group in a version.</summary>
public sealed class ApiServiceStrategy : ResourceStrategy<V1APIService>, IStampedStrategy
{
    private const int MaxGroupPriority = 20000;
    private const int MaxVersionPriority = 1000;
    private static readonly FieldPath Spec = FieldPath.Of("spec");
    private static readonly FieldPath Service = Spec.Child("service");
    private static readonly FieldPath Conditions = FieldPath.Of("status", "conditions");
    private static readonly string[] Statuses = ["True", "False", "Unknown"];

    public override bool AllowUnconditionalUpdate => false;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Service", "string", "", "The reference to the service that hosts this API endpoint."),
        new("Available", "string", "", "Whether this service is available."),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1APIService item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Spec.Service is { } service ? $"{service.NamespaceProperty}/{service.Name}" : "Local",
        Availability(item.Status?.Conditions?.FirstOrDefault(c => c.Type == "Available")),
        TableColumns.AgeOf(item, now),
    ];

    public override FieldFilter? OwnableFields(string subresource) =>
        subresource == "status" ? FieldFilter.NoSpecNorMetadata : base.OwnableFields(subresource);

    public override void SetDefaults(V1APIService item)
    {
        item.Spec ??= new V1APIServiceSpec();
        item.Status ??= new V1APIServiceStatus();
        ModelShape.Normalize(item);
        if (item.Spec.Service is { } service)
        {
            service.Port ??= WebhookService.DefaultPort;
        }
    }

    /// <summary>A group of the server's own needs nobody to say that it is there.</summary>
    public override void PrepareForCreate(V1APIService item)
    {
        item.Status = new V1APIServiceStatus();
        if (item.Spec.Service is null)
        {
            item.Status.Conditions =
            [
                new()
                {
                    Type = "Available", Status = "True", Reason = "Local",
                    Message = "Local APIServices are always available",
                },
            ];
        }
    }

    public override void Validate(V1APIService item, FieldErrors errors)
    {
        ValidateOwnName(item, errors);
        var (spec, group, version) = (item.Spec, item.Spec.Group ?? "", item.Spec.Version ?? "");
        if (group.Length == 0 && version != "v1")
        {
            errors.Required(Spec.Child("group"), "only v1 may have an empty group and it better be legacy kube");
        }
        else if (group.Length > 0)
        {
            errors.InvalidEach(Spec.Child("group"), group, NameRules.DnsSubdomain(group));
        }

        errors.InvalidEach(Spec.Child("version"), version, NameRules.Dns1035Label(version));
        ValidatePriority(spec.GroupPriorityMinimum, MaxGroupPriority, Spec.Child("groupPriorityMinimum"), errors);
        ValidatePriority(spec.VersionPriority, MaxVersionPriority, Spec.Child("versionPriority"), errors);
        ValidateServer(spec, errors);
    }

    public override void PrepareForUpdate(V1APIService item, V1APIService old, string subresource)
    {
        if (subresource == "status")
        {
            item.Metadata.Labels = old.Metadata.Labels;
            item.Metadata.Annotations = old.Metadata.Annotations;
            item.Metadata.Finalizers = old.Metadata.Finalizers;
            item.Metadata.OwnerReferences = old.Metadata.OwnerReferences;
            item.Spec = old.Spec;
        }
        else
        {
            item.Status = old.Status;
        }
    }

    public override void ValidateUpdate(V1APIService item, V1APIService old, string subresource, FieldErrors errors)
    {
        if (subresource != "status")
        {
            ObjectMetaRules.ValidateCreate(
                item.Metadata, namespaced: false, ValidateName, errors, takesAnyFinalizer: true);
            Validate(item, errors);
            return;
        }

        foreach (var (i, condition) in (item.Status?.Conditions ?? []).Index())
        {
            if (!Statuses.Contains(condition.Status))
            {
                errors.NotSupported(Conditions.Index(i).Child("status"), condition.Status ?? "", Statuses);
            }
        }
    }

    /// <summary>What a name must be depends on the object: see <see cref="ValidateOwnName"/>.</summary>
    public override IEnumerable<string> ValidateName(string name, bool isPrefix) => [];

    /// <inheritdoc/>
    public void Stamp(
        IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta>? old, UserIdentity user, DateTime now)
    {
        foreach (var condition in (old is null ? ((V1APIService)item).Status.Conditions : null) ?? [])
        {
            condition.LastTransitionTime = now;
        }
    }

    private static void ValidateOwnName(V1APIService item, FieldErrors errors)
    {
        var metadata = FieldPath.Of("metadata");
        ValidateOwnName(item.Metadata.GenerateName, item.Spec, metadata.Child("generateName"), errors);
        ValidateOwnName(item.Metadata.Name, item.Spec, metadata.Child("name"), errors);
    }

    private static void ValidateOwnName(string? name, V1APIServiceSpec spec, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            return;
        }

        var wanted = $"{spec.Version}.{spec.Group}";
        var complaints = NameRules.PathSegment(name).ToList();
        if (complaints.Count == 0 && name != wanted)
        {
            complaints.Add($"must be `spec.version+\".\"+spec.group`: {GoText.Quote(wanted)}");
        }

        errors.InvalidEach(path, name, complaints);
    }

    private static void ValidatePriority(int priority, int max, FieldPath path, FieldErrors errors)
    {
        if (priority <= 0 || priority > max)
        {
            errors.Invalid(path, priority, $"must be positive and less than {max}");
        }
    }

    private static void ValidateServer(V1APIServiceSpec spec, FieldErrors errors)
    {
        var (trusts, bundle) = (spec.InsecureSkipTLSVerify == true, spec.CaBundle ?? []);
        if (spec.Service is not { } service)
        {
            if (bundle.Length > 0)
            {
                errors.Invalid(
                    Spec.Child("caBundle"), $"{bundle.Length} bytes", "local APIServices may not have a caBundle");
            }

            if (trusts)
            {
                errors.Invalid(
                    Spec.Child("insecureSkipTLSVerify"), true, "local APIServices may not have insecureSkipTLSVerify");
            }

            return;
        }

        if (string.IsNullOrEmpty(service.NamespaceProperty))
        {
            errors.Required(Service.Child("namespace"));
        }

        if (string.IsNullOrEmpty(service.Name))
        {
            errors.Required(Service.Child("name"));
        }

        if (string.Join(", ", NameRules.PortNumber(service.Port ?? 0)) is { Length: > 0 } complaints)
        {
            errors.Invalid(Service.Child("port"), service.Port, $"port is not valid: {complaints}");
        }

        if (trusts && bundle.Length > 0)
        {
            errors.Invalid(Spec.Child("insecureSkipTLSVerify"), true, "may not be true if caBundle is present");
        }
    }

    private static string Availability(V1APIServiceCondition? condition) => condition switch
    {
        null => "Unknown",
        { Status: "True" } or { Reason: null or "" } => condition.Status,
        _ => $"{condition.Status} ({condition.Reason})",
    };
}
