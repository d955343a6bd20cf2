using System.Text;
using CsCheck;
using OrleansOrchestrator.Api.Admission.Webhooks;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission.Webhooks;

/// <summary>Whatever a webhook answers is read or refused, and never more.</summary>
public sealed class AdmissionAnswerTests
{
    private static readonly Gen<string> Leaves =
        Gen.OneOf("null", "true", "7", "1e999", "\"\"", "\"u\"", "\"W10=\"", "\"JSONPatch\"", "[]", "[1]", "{}");

    private static readonly Gen<string> Fields = Gen.OneOf(
        "uid", "allowed", "patch", "patchType", "warnings", "auditAnnotations", "status", "code", "message", "details",
        "causes", "retryAfterSeconds", "response", "kind", "apiVersion");

    private static readonly Gen<string> Answers = Gen.Recursive<string>((depth, again) =>
        depth > 4 ? Leaves : Gen.OneOf(
            Leaves,
            Gen.Select(Fields, again).Array[0, 6].Select(
                fields => $"{{{string.Join(',', fields.Select(f => $"\"{f.Item1}\":{f.Item2}"))}}}")));

    [Fact]
    public void NothingThatIsAnsweredThrows() => Gen.Select(Answers, Gen.Bool, Gen.OneOf("v1", "v1beta1")).Check(
        (answer, isMutating, version) =>
        {
            var text = $"{{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"response\":{answer}}}";
            var read = AdmissionAnswer.Read(Encoding.UTF8.GetBytes(text), "u", version, isMutating);
            Assert.True(read.Succeeded || read.Error.Code == 503);
            if (read.Succeeded)
            {
                Assert.InRange(read.Value.Denial("x").Code, 400, 999);
                Assert.True(isMutating || read.Value.Patch.Length == 0);
            }
        });

    [Theory]
    [InlineData("""{"uid":"u","patch":"W10="}""", "webhook returned response.patch but not response.patchType")]
    [InlineData(
        """{"uid":"u","patchType":"JSONPatch"}""", "webhook returned response.patchType but not response.patch")]
    [InlineData("""{"uid":"u","patch":"W10=","patchType":""}""", "webhook returned invalid response.patchType of \"\"")]
    [InlineData("""{"patch":"W10="}""", "expected response.uid=\"u\", got \"\"")]
    public void APatchHasItsType(string response, string why)
    {
        var text = $"{{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"response\":{response}}}";
        var read = AdmissionAnswer.Read(Encoding.UTF8.GetBytes(text), "u", "v1", isMutating: true);
        Assert.Equal($"received invalid webhook response: {why}", read.Error?.Message);
    }
}
