/*
 * Dates: system time is counted in units of 100 ns since 1601-01-01 ("RtlTimeToTimeFields
 * function"). The machine's local time is UTC.
 */
#include "nt/nt.h"

enum { MS_PER_SECOND = 1000, SECONDS_PER_DAY = 86400, FIRST_YEAR = 1601, WEEKDAY_OF_FIRST_DAY = 1 };

static const LONGLONG units_per_ms = 10000;

/* Days from 1601-01-01 to the beginning of @month (1 to 13) of @year, in the Gregorian calendar. */
static LONGLONG
days_before(LONGLONG year, int month)
{
    static const short before_month[] = {0,   31,  59,  90,  120, 151, 181,
                                         212, 243, 273, 304, 334, 365};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    LONGLONG past = year - FIRST_YEAR;

    return past * 365 + past / 4 - past / 100 + past / 400 + before_month[month - 1] +
           (leap && month > 2);
}

VOID
RtlTimeToTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields)
{
    LONGLONG ms = Time->QuadPart / units_per_ms;
    LONGLONG seconds = ms / MS_PER_SECOND;
    LONGLONG days = seconds / SECONDS_PER_DAY;
    LONGLONG year = FIRST_YEAR + days / 366;
    int month = 1;

    while (days_before(year + 1, 1) <= days) {
        year++;
    }
    while (days_before(year, month + 1) <= days) {
        month++;
    }
    TimeFields->Year = (CSHORT)year;
    TimeFields->Month = (CSHORT)month;
    TimeFields->Day = (CSHORT)(days - days_before(year, month) + 1);
    TimeFields->Hour = (CSHORT)(seconds / 3600 % 24);
    TimeFields->Minute = (CSHORT)(seconds / 60 % 60);
    TimeFields->Second = (CSHORT)(seconds % 60);
    TimeFields->Milliseconds = (CSHORT)(ms % MS_PER_SECOND);
    TimeFields->Weekday = (CSHORT)((days + WEEKDAY_OF_FIRST_DAY) % 7);
}

BOOLEAN
RtlTimeFieldsToTime(PTIME_FIELDS TimeFields, PLARGE_INTEGER Time)
{
    const TIME_FIELDS *f = TimeFields;
    LONGLONG days;
    LONGLONG ms;

    if (f->Year < FIRST_YEAR || f->Month < 1 || f->Month > 12 || f->Day < 1 || f->Hour < 0 ||
        f->Hour > 23 || f->Minute < 0 || f->Minute > 59 || f->Second < 0 || f->Second > 59 ||
        f->Milliseconds < 0 || f->Milliseconds > 999) {
        return FALSE;
    }
    days = days_before(f->Year, f->Month) + f->Day - 1;
    if (days >= days_before(f->Year, f->Month + 1)) {
        return FALSE;
    }
    ms = ((days * 24 + f->Hour) * 60 + f->Minute) * 60 * MS_PER_SECOND;
    ms += (LONGLONG)f->Second * MS_PER_SECOND + f->Milliseconds;
    Time->QuadPart = ms * units_per_ms;
    return TRUE;
}

VOID
ExSystemTimeToLocalTime(PLARGE_INTEGER SystemTime, PLARGE_INTEGER LocalTime)
{
    *LocalTime = *SystemTime;
}

VOID
ExLocalTimeToSystemTime(PLARGE_INTEGER LocalTime, PLARGE_INTEGER SystemTime)
{
    *SystemTime = *LocalTime;
}
