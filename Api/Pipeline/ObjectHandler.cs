using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>Answers everything about single objects: get, create, update, patch, delete, deletecollection and subresources.</summary>
public sealed class ObjectHandler
{
    /// <summary>Answers an authorized request.</summary>
    public Task HandleAsync(HttpContext context, RequestInfo request, ResourceDefinition definition, UserIdentity user) =>
        StatusJson.WriteAsync(context, StatusErrors.NotImplemented($"{request.Verb} of {definition.Name.Qualified}"));
}
