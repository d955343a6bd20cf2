using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Writing;

/// <summary>
/// Creates objects of virtual kinds: admission, and the answer of whoever knows it. Handlers are looked up with the
/// first question: some of them ask the in-process client, which writes through here.
/// </summary>
public sealed class QuestionCreator(IServiceProvider services, AdmissionChain admission, TimeProvider time)
{
    private readonly Lazy<IQuestionHandler[]> _handlers = new(() => [.. services.GetServices<IQuestionHandler>()]);

    /// <summary>The question with its answer.</summary>
    public async ValueTask<Outcome<WriteResult>> CreateAsync(
        WriteContext context, IKubernetesObject<V1ObjectMeta> question)
    {
        if (ObjectCreator.PlaceInNamespace(context, question.Metadata) is { } misplaced)
        {
            return misplaced;
        }

        MetadataStamp.Normalize(question, context.Definition);
        FieldOwners.StampQuestion(context, ExpectedBody.Of(context.Definition), question, time.GetUtcNow());
        var key = new ObjectKey(context.Key.Namespace, question.Metadata.Name ?? "");
        var scope = admission.Open(AdmissionAttributes.OfCreate(context, key.Name, question));
        var refusal = await scope.MutateAsync(context.CancellationToken)
            ?? await scope.ValidateAsync(context.CancellationToken);
        await scope.EndAsync();
        if (refusal is not null)
        {
            return refusal;
        }

        var handler = Array.Find(_handlers.Value, h => h.Answers(context.Resource));
        if (handler is null)
        {
            return StatusErrors.NotImplemented($"{context.Resource.Qualified} are not answered");
        }

        var answer = await handler.AnswerAsync(context, scope.Object);
        return answer.Succeeded
            ? new WriteResult(new ResourceObject(key, "", 0, ResourceCodec.Encode(answer.Value)), Created: true)
            : answer.Error;
    }
}
