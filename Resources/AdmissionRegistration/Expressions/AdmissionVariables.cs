using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Resources.Expressions;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;

/// <summary>
/// What expressions about a write may read. Each environment has the variables of the smaller ones in the same places,
/// so that one activation serves expressions of all of them.
/// </summary>
public static class AdmissionVariables
{
    public const string Object = "object";
    public const string OldObject = "oldObject";
    public const string Namespace = "namespaceObject";
    public const string Request = "request";
    public const string Params = "params";
    public const string Authorizer = "authorizer";
    public const string RequestResource = "authorizer.requestResource";
    public const string Variables = "variables";

    /// <summary>The request, without the objects, which are variables of their own.</summary>
    public static CelSchema RequestSchema { get; } = BuildRequest();

    /// <summary>A namespace, without what is nobody's business.</summary>
    public static CelSchema NamespaceSchema { get; } = BuildNamespace();

    /// <summary>With the write and its namespace: for messages, which ask nobody.</summary>
    public static CelEnvironment Silent { get; } = KubernetesCel.Environment
        .WithVariable(Object, CelType.Dyn)
        .WithVariable(OldObject, CelType.Dyn)
        .WithVariable(Namespace, NamespaceSchema)
        .WithVariable(Request, RequestSchema);

    /// <summary>The same with an object that parameterizes it.</summary>
    public static CelEnvironment SilentParameterized { get; } = Silent.WithVariable(Params, CelType.Dyn);

    /// <summary>The first with an authorizer; conditions of webhooks have no more.</summary>
    public static CelEnvironment Plain { get; } = WithAuthorizer(Silent);

    /// <summary>All of it.</summary>
    public static CelEnvironment Parameterized { get; } = WithAuthorizer(SilentParameterized);

    private static CelEnvironment WithAuthorizer(CelEnvironment environment) => environment
        .WithVariable(Authorizer, AuthorizerLibrary.AuthorizerType)
        .WithVariable(RequestResource, AuthorizerLibrary.ResourceCheckType);

    private static CelSchema BuildRequest()
    {
        var text = Text;
        var groupVersionKind = Named("GroupVersionKind", ("group", text), ("version", text), ("kind", text));
        var groupVersionResource = Named(
            "GroupVersionResource", ("group", text), ("version", text), ("resource", text));
        var user = Named(
            "UserInfo", ("username", text), ("uid", text), ("groups", CelSchema.List(text)),
            ("extra", CelSchema.Map(text, CelSchema.List(text))));
        return Named(
            "AdmissionRequest", ("kind", groupVersionKind), ("resource", groupVersionResource), ("subResource", text),
            ("requestKind", groupVersionKind), ("requestResource", groupVersionResource), ("requestSubResource", text),
            ("name", text), ("namespace", text), ("operation", text), ("userInfo", user),
            ("dryRun", new CelSchema(CelType.Bool)), ("options", CelSchema.Dyn));
    }

    private static CelSchema BuildNamespace()
    {
        var text = Text;
        var (texts, map) = (CelSchema.List(text), CelSchema.Map(text, text));
        var (moment, number) = (new CelSchema(CelType.Timestamp), new CelSchema(CelType.Int));
        var condition = Named(
            "NamespaceCondition", ("status", text), ("type", text), ("lastTransitionTime", moment), ("message", text),
            ("reason", text));
        var metadata = Named(
            "NamespaceMetadata", ("name", text), ("generateName", text), ("namespace", text), ("labels", map),
            ("annotations", map), ("UID", text), ("creationTimestamp", moment), ("deletionGracePeriodSeconds", number),
            ("deletionTimestamp", moment), ("generation", number), ("resourceVersion", text), ("finalizers", texts));
        return Named(
            "Namespace", ("metadata", metadata), ("spec", Named("NamespaceSpec", ("finalizers", texts))),
            ("status", Named("NamespaceStatus", ("conditions", CelSchema.List(condition)), ("phase", text))));
    }

    private static CelSchema Text => new(CelType.String);

    private static CelSchema Named(string name, params (string Name, CelSchema Schema)[] fields) =>
        CelSchema.PlainObject($"kubernetes.{name}", fields.Select(static f => new CelSchemaField(f.Name, f.Schema)));
}
