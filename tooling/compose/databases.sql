-- One database and one user for each service; neither can enter the other's.
create role allocation login password 'allocation-on-loopback';
create database allocation owner allocation;
revoke all on database allocation from public;
create role notifications login password 'notifications-on-loopback';
create database notifications owner notifications;
revoke all on database notifications from public;
