using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

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
