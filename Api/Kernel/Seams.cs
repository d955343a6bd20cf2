using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// Answers <c>list</c> of a resource; the request is authorized, the resource exists and serves the verb.
/// </summary>
public interface IListHandler
{
    Task ListAsync(HttpContext context, RequestInfo request, ResourceDefinition definition);
}

/// <summary>
/// Answers <c>watch</c> of a resource (both forms: <c>?watch=1</c> and the old <c>/watch/</c> paths).
/// </summary>
public interface IWatchHandler
{
    Task WatchAsync(HttpContext context, RequestInfo request, ResourceDefinition definition);
}

/// <summary>
/// Answers requests outside of resources: discovery, OpenAPI, health, version, metrics. All registered ones are asked
/// in order of registration until one answers; nobody answering is upstream's plain-text 404.
/// </summary>
public interface IEndpointHandler
{
    /// <summary>False when the path is not its own; then nothing has been written.</summary>
    ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request);
}

/// <summary>
/// Answers streaming and proxying subresources (<c>log</c>, <c>exec</c>, <c>attach</c>, <c>portforward</c>,
/// <c>proxy</c>) of an authorized request.
/// </summary>
public interface IConnectHandler
{
    /// <summary>False when this subresource is not its own; then nothing has been written.</summary>
    ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request, ResourceDefinition definition);
}

/// <summary>
/// Writes one object, or a Status, in the form that the client accepts (JSON, YAML, protobuf, Table, metadata only).
/// </summary>
public interface IObjectResponder
{
    /// <summary>The refusal (406) of an Accept header that cannot be met; called before anything is done.</summary>
    Status? CheckAcceptable(HttpContext context, ResourceDefinition definition);

    /// <summary>Answers with one object.</summary>
    /// <param name="context">The request.</param>
    /// <param name="definition">Its resource, for Tables.</param>
    /// <param name="statusCode">200, 201 or 202.</param>
    /// <param name="json">The object as compact JSON: written as it is when JSON is accepted.</param>
    Task RespondAsync(HttpContext context, ResourceDefinition definition, int statusCode, ReadOnlyMemory<byte> json);
}

/// <summary>
/// Makes the objects of one virtual kind (<see cref="ResourceKind.IsVirtual"/>) that is read and never written.
/// </summary>
public interface IObjectSource
{
    /// <summary>The kind.</summary>
    ResourceName Resource { get; }

    /// <summary>All objects as they are now, by name.</summary>
    ValueTask<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>> ListAsync(CancellationToken cancellationToken);
}

/// <summary>Answers questions of one virtual kind (<see cref="ResourceKind.IsVirtual"/>).</summary>
public interface IQuestionHandler
{
    /// <summary>True when the kind is its own.</summary>
    bool Answers(ResourceName resource);

    /// <summary>The question with its answer; a refusal when it makes no sense.</summary>
    ValueTask<Outcome<IKubernetesObject<V1ObjectMeta>>> AnswerAsync(
        WriteContext context, IKubernetesObject<V1ObjectMeta> question);
}
