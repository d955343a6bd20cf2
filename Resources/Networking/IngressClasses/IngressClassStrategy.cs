using System.Buffers;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Networking.IngressClasses;

/// <summary>The rules of IngressClasses.</summary>
public sealed class IngressClassStrategy : ResourceStrategy<V1IngressClass>
{
    private const string DefaultClassAnnotation = "ingressclass.kubernetes.io/is-default-class";
    private const string Cluster = "Cluster";
    private const string Namespace = "Namespace";
    private const int MaxControllerBytes = 250;

    private static readonly SearchValues<char> PathCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._~%!$&'()*+,;=:");

    private static readonly FieldPath ControllerPath = FieldPath.Of("spec", "controller");
    private static readonly FieldPath ParametersPath = FieldPath.Of("spec", "parameters");

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Controller", "string", "", "Controller that is responsible for handling this class"),
        new("Parameters", "string", "", "A reference to a resource with additional parameters"),
        TableColumns.Age,
    ];

    /// <summary>True for a class that Ingresses without one get.</summary>
    public static bool IsDefault(V1IngressClass item) => item.GetAnnotation(DefaultClassAnnotation) == "true";

    public override IReadOnlyList<object?> Cells(V1IngressClass item, DateTimeOffset now) =>
    [
        IsDefault(item) ? $"{item.Metadata.Name} (default)" : item.Metadata.Name,
        item.Spec.Controller ?? "",
        item.Spec.Parameters switch
        {
            null => TableColumns.None,
            { ApiGroup: { } group } p => $"{p.Kind}.{group}/{p.Name}",
            var p => $"{p.Kind}/{p.Name}",
        },
        TableColumns.AgeOf(item, now),
    ];

    public override void SetDefaults(V1IngressClass item)
    {
        item.Spec ??= new V1IngressClassSpec();
        ModelShape.Normalize(item);
        if (item.Spec.Parameters is { } parameters)
        {
            parameters.Scope ??= Cluster;
        }
    }

    public override void PrepareForCreate(V1IngressClass item) => item.Metadata.Generation = 1;

    public override void PrepareForUpdate(V1IngressClass item, V1IngressClass old, string subresource)
    {
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
    }

    public override void Validate(V1IngressClass item, FieldErrors errors)
    {
        var controller = item.Spec.Controller;
        if (string.IsNullOrEmpty(controller))
        {
            errors.Required(ControllerPath);
        }
        else
        {
            if (NameRules.ByteCount(controller) > MaxControllerBytes)
            {
                errors.TooLong(ControllerPath, MaxControllerBytes);
            }

            ValidateController(controller, errors);
        }

        if (item.Spec.Parameters is { } parameters)
        {
            ValidateParameters(parameters, errors);
        }
    }

    public override void ValidateUpdate(V1IngressClass item, V1IngressClass old, string subresource, FieldErrors errors)
    {
        errors.Immutable(ControllerPath, item.Spec.Controller, old.Spec?.Controller);
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
        Validate(item, errors);
    }

    /// <summary>A domain and a path.</summary>
    private static void ValidateController(string controller, FieldErrors errors)
    {
        var parts = controller.Split('/', 2);
        if (parts is not [{ Length: > 0 } domain, { Length: > 0 } path])
        {
            errors.Invalid(ControllerPath, controller, "must be a domain-prefixed path (such as \"acme.io/foo\")");
            return;
        }

        errors.InvalidEach(ControllerPath, domain, NameRules.DnsSubdomain(domain));
        if (path.AsSpan().ContainsAnyExcept(PathCharacters))
        {
            errors.Invalid(
                ControllerPath,
                path,
                "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
        }
    }

    private static void ValidateParameters(V1IngressClassParametersReference parameters, FieldErrors errors)
    {
        ReferenceRules.Validate(parameters.ApiGroup, parameters.Kind, parameters.Name, ParametersPath, errors);
        var path = ParametersPath.Child("namespace");
        switch (parameters)
        {
            case { Scope: Namespace, NamespaceProperty: null }:
                errors.Required(path, "`parameters.scope` is set to 'Namespace'");
                break;
            case { Scope: Namespace, NamespaceProperty: { } name }:
                errors.InvalidEach(path, name, NameRules.DnsLabel(name));
                break;
            case { Scope: Cluster, NamespaceProperty: not null }:
                errors.Forbidden(path, "`parameters.scope` is set to 'Cluster'");
                break;
            case { Scope: not Cluster }:
                errors.NotSupported(ParametersPath.Child("scope"), parameters.Scope, [Cluster, Namespace]);
                break;
        }
    }
}
