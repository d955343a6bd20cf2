using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>Answers with a list in the form the client accepts.</summary>
public sealed class ListResponder(ProtobufShelf messages, LongWorkTurns turns, TimeProvider clock)
{
    private readonly SlicesTable _slices = new();

    /// <summary>Writes the answer, or says why there is none.</summary>
    public async Task<Status?> SendAsync(
        HttpContext context, ResponseFormat format, ResourceDefinition definition, ListPage page)
    {
        if (format.Form == ObjectForm.PartialObjectMetadata)
        {
            return Negotiator.WrongForm("PartialObjectMetadata", isList: true, GoType.Of(definition, "List"));
        }

        // Whoever has to be asked is asked once, for the answer and for the audit log.
        if (definition.Asked is not null)
        {
            page = await page.ShownAsync(definition, context.RequestAborted);
        }

        ListPage? audited = null;
        if (AuditRecord.Of(context) is { WantsResponse: true } audit)
        {
            audited = await ConvertedAsync(definition, page, context.RequestAborted);
            audit.Answered(audited.ToJson(definition));
        }

        using var work = turns.Begin();
        if (format.Wire == Wire.Protobuf)
        {
            await new ProtobufListWriter(definition, messages, page, work).SendAsync(context, format);
            return null;
        }

        var shown = audited ?? await ConvertedAsync(definition, page, context.RequestAborted);
        var writer = new ListWriter(definition, _slices.Of(definition), shown, work);
        switch (format.Form)
        {
            case ObjectForm.PartialObjectMetadataList:
                await writer.SendPartialAsync(context, format);
                return null;
            case ObjectForm.Table:
                var rowObject = TableRenderer.ReadRowObject(context.Request.Query);
                if (!rowObject.Succeeded)
                {
                    return rowObject.Error;
                }

                await writer.SendTableAsync(
                    context, format, new TableRenderer(definition, rowObject.Value, format.MetaVersion, clock));
                return null;
            default:
                await writer.SendListAsync(context, format);
                return null;
        }
    }

    /// <summary>A page in the version that is served; who had to be asked for that has been asked already.</summary>
    private static ValueTask<ListPage> ConvertedAsync(
        ResourceDefinition definition, ListPage page, CancellationToken cancellationToken) =>
        definition.Conversion is null or IAskedConversion
            ? ValueTask.FromResult(page)
            : page.ShownAsync(definition, cancellationToken);
}
