using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Connections;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Asks admission whether a connection may be made. What it has changed in the options is what counts.
/// </summary>
/// <param name="admission">The plugins.</param>
public sealed class ConnectAdmission(AdmissionChain admission)
{
    /// <summary>The options as admission leaves them; texts for Warning headers are in the answer then.</summary>
    public async ValueTask<Outcome<T>> AdmitAsync<T>(
        HttpContext context, RequestInfo request, ResourceDefinition definition, T options)
        where T : ConnectOptions
    {
        options.Kind = options.GetType().Name;
        var warnings = new List<string>();
        var attributes = new AdmissionAttributes
        {
            Operation = AdmissionOperation.Connect,
            Definition = definition,
            Key = request.Key,
            Subresource = request.Subresource,
            Object = options,
            User = context.Features.GetRequiredFeature<UserIdentity>(),
            Warnings = warnings,
            Audit = AuditRecord.Of(context),
            Deadline = context.Features.Get<RequestDeadline>(),
        };
        var refusal = await admission.AdmitAsync(attributes, context.RequestAborted);
        WarningHeaders.Write(context.Response, warnings);
        return refusal is null ? (T)attributes.Object! : refusal;
    }
}
