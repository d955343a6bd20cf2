using System.Text;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Json;

/// <summary>
/// Integers as Go reads them: its converter of maps takes whole numbers however they are written, its JSON decoder only
/// those without a fraction and an exponent.
/// </summary>
public sealed class ScalarCodecsTests
{
    [Theory]
    [InlineData("3.0", 3)]
    [InlineData("1e2", 100)]
    [InlineData("-0.0", 0)]
    [InlineData("2147483647.0", int.MaxValue)]
    [InlineData("-2147483648.0", int.MinValue)]
    public void AWholeNumberIsConverted(string number, int expected)
    {
        var (spec, error) = Read("priority", number, converts: true);
        Assert.Null(error);
        Assert.Equal(expected, spec.Priority);
    }

    [Theory]
    [InlineData("30.0", 30L)]
    [InlineData("3e10", 30_000_000_000L)]
    [InlineData("-9223372036854775808.0", long.MinValue)]
    public void AWholeNumberOfManyDigitsIsConverted(string number, long expected)
    {
        var (spec, error) = Read("activeDeadlineSeconds", number, converts: true);
        Assert.Null(error);
        Assert.Equal(expected, spec.ActiveDeadlineSeconds);
    }

    [Theory]
    [InlineData("priority", "1.5", "int32")]
    [InlineData("priority", "2147483648.0", "int32")]
    [InlineData("priority", "1e400", "int32")]
    [InlineData("activeDeadlineSeconds", "1e-1", "int64")]
    [InlineData("activeDeadlineSeconds", "9223372036854775808.0", "int64")]
    public void WhatIsNoIntegerOfItsTypeIsNotConverted(string field, string number, string type) =>
        Assert.Equal($"cannot convert float64 to {type}", Read(field, number, converts: true).Error);

    [Theory]
    [InlineData("priority", "3.0", "int32")]
    [InlineData("activeDeadlineSeconds", "1e2", "int64")]
    public void ADecoderTakesNoFractionAndNoExponent(string field, string number, string type) => Assert.Equal(
        $"json: cannot unmarshal number {number} into Go struct field PodSpec.{field} of type {type}",
        Read(field, number, converts: false).Error);

    private static (V1PodSpec Spec, string? Error) Read(string field, string number, bool converts)
    {
        var decoding = new JsonDecoding { Converts = converts };
        var json = Encoding.UTF8.GetBytes($"{{\"{field}\":{number}}}");
        return ((V1PodSpec)ResourceCodec.Read(typeof(V1PodSpec), json, decoding), decoding.Error);
    }
}
